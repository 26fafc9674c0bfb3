// zpm start: how a program is found, and what it is given.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { fixture, freePort, run, waitFor } from "./helpers.mjs";

const sleeper = '#!/bin/sh\necho "here: $*"\nexec sleep 1000\n';

/** Says its arguments and some variables, each as one line. */
const teller = `#!/bin/sh
for word in "$@"; do echo "arg [$word]"; done
echo "cwd [$PWD]"
echo "port [$PORT]"
echo "a [$A]"
echo "home [$ZPM_HOME]"
echo end
exec sleep 1000
`;

test("a script is run by what its extension asks for", async (t) => {
  const box = commandLine(t);
  const js = "console.log('node', process.argv[2]);setInterval(()=>{}, 1e9)";
  const scripts = {
    "one.js": js,
    "two.cjs": js,
    "three.mjs": `import "node:fs"; ${js}`,
    "four.py":
      "import sys, time\nprint('python', sys.argv[1], flush=True)\ntime.sleep(999)",
    "five.sh": "echo ${BASH_VERSION:+bash} $1; exec sleep 1000",
    six: "#!/bin/sh\necho itself $1; exec sleep 1000",
  };
  for (const [file, text] of Object.entries(scripts)) {
    box.write(file, text, file === "six" ? 0o755 : 0o644);
    const name = file.split(".")[0];
    assert.match(
      await box.done("start", `./${file}`, "--", "word"),
      new RegExp(`^'${name}' started, pid \\d+\n$`),
    );
  }
  for (const [name, said] of [
    ["one", "node word\n"],
    ["two", "node word\n"],
    ["three", "node word\n"],
    ["four", "python word\n"],
    ["five", "bash word\n"],
    ["six", "itself word\n"],
  ])
    assert.equal(await box.logHas(name, "word\n"), said);
});

test("TypeScript is run where this Node can", async (t) => {
  const box = commandLine(t);
  const file = box.write("typed.ts", "const n: number = 7; console.log(n);");
  const can = (await run(process.execPath, [file])).code === 0;
  const { code } = await box.zpm("start", file, "--autorestart", "false");
  assert.equal(code, 0);
  if (can) await box.logHas("typed", "7\n");
  else await box.logHas("typed", "SyntaxError", "err");
});

test("a path may be absolute, dotted, bare, or have blanks", async (t) => {
  const box = commandLine(t);
  const file = box.write("some folder/an app.sh", sleeper);
  box.write("bare.sh", sleeper);
  await box.done("start", file);
  assert.equal((await box.app("an app")).scriptPath, file);
  await box.done("start", "./some folder/../bare.sh");
  await box.done("start", "bare.sh", "--name", "again");
  assert.equal(
    (await box.app("again")).scriptPath,
    join(box.project, "bare.sh"),
  );
});

test("a bare word is a command of node_modules/.bin, then of PATH", async (t) => {
  const box = commandLine(t);
  box.write("node_modules/.bin/serve", sleeper, 0o755);
  const other = dirname(box.write("bin/serve", teller, 0o755));
  box.write("bin/only", sleeper, 0o755);
  const env = { PATH: `${other}${delimiter}${process.env.PATH}` };
  for (const word of ["serve", "only", "sleep"]) {
    const result = await box.zpmWith({ env }, "start", word, "--", "1000");
    assert.equal(result.code, 0, result.stderr);
  }
  assert.equal(await box.logHas("serve", "here"), "here: 1000\n");
  assert.equal(await box.logHas("only", "here"), "here: 1000\n");
  assert.equal((await box.app("sleep")).status, "running");

  mkdirSync(join(box.project, "deep/er"), { recursive: true });
  const cwd = join(box.project, "deep/er");
  await box.zpmWith({ cwd }, "start", "serve", "--name", "above");
  assert.match(await box.logHas("above", "\n"), /^here/);
});

test("--with and --interpreter-command choose what runs it", async (t) => {
  const box = commandLine(t);
  const file = box.write("words.txt", 'echo "$0 $*"; exec sleep 1000');
  const own = box.write("run it", `#!/bin/sh\nexec /bin/sh "$@"`, 0o755);
  await box.done("start", file, "--with", "sh -u", "--", "x");
  await box.done(
    ...["start", file, "--name", "two", "--interpreter-command", "./run it"],
  );
  await box.done("start", file, "--name", "three", "--interpreter", "bash");
  await box.done(
    ...["start", file, "--name", "four", "--interpreter-command", "sh"],
    ...["--interpreter-arg", "-u"],
  );
  assert.equal(await box.logHas("words", "\n"), `${file} x\n`);
  for (const name of ["two", "three", "four"])
    assert.equal(await box.logHas(name, "\n"), `${file} \n`);
  const { config } = await box.json("describe", "two");
  assert.equal(config.interpreter, "custom");
  assert.equal(config.interpreterCommand, own);
});

test("arguments come from --arg, --args and behind --", async (t) => {
  const box = commandLine(t);
  const file = box.write("tell.sh", teller);
  await box.done(
    ...["start", file, "--arg", "one two", "--arg=--name"],
    ...["--args", `three 'four five' "six \\"7\\"" eight\\ 9 ''`],
    ...["--", "--json", "-x", "--", "$HOME *"],
  );
  const said = (await box.logHas("tell", "end\n")).match(
    /(?<=^arg \[).*(?=\])/gm,
  );
  assert.deepEqual(said, [
    ...["one two", "--name", "three", "four five", 'six "7"', "eight 9", ""],
    ...["--json", "-x", "--", "$HOME *"],
  ]);
  assert.match(
    await box.misused("start", file, "--args", "'open"),
    /--args: .*quot/,
  );
});

test("--env, --port and --cwd reach the program", async (t) => {
  const box = commandLine(t);
  const file = box.write("tell.sh", teller);
  mkdirSync(join(box.project, "inner"));
  await box.done(
    ...["start", file, "--env", "A=b=c d", "--env=EMPTY="],
    ...["--port", "4000", "--cwd", "inner"],
  );
  const said = await box.logHas("tell", "end\n");
  for (const line of [
    "a [b=c d]",
    "port [4000]",
    `cwd [${join(box.project, "inner")}]`,
  ])
    assert.ok(said.includes(`${line}\n`), said);
  assert.equal((await box.app("tell")).port, 4000);
  assert.match(await box.misused("start", file, "--env", "A"), /KEY=value/);
  assert.match(await box.misused("start", file, "--port", "0"), /1 to 65535/);
});

test("an app gets the environment of whoever starts it", async (t) => {
  const box = commandLine(t);
  const file = box.write("tell.sh", teller);
  await box.zpmWith({ env: { A: "first" } }, "start", file);
  assert.match(await box.logHas("tell", "end\n"), /^a \[first\]$/m);
  await box.done("stop", "tell");
  await box.zpmWith({ env: { A: "second" } }, "start", "tell");
  assert.match(await box.logHas("tell", "second"), /^a \[second\]$/m);
});

test("a server listens on the port that it was given", async (t) => {
  const box = commandLine(t);
  const port = await freePort();
  await box.done("start", fixture("port.js"), "--port", String(port));
  await box.logHas("port", "listening");
  const answer = await fetch(`http://127.0.0.1:${port}`);
  const { pid } = await box.app("port");
  assert.equal(await answer.text(), `pid ${pid}\n`);
});

test("TypeScript that dies at once gets a hint", async (t) => {
  const box = commandLine(t);
  const held = (name) =>
    waitFor(`the end of ${name}`, async () => {
      const { status, lastError } = await box.app(name);
      return status === "errored" && lastError;
    });
  await box.zpm("start", box.write("entry.ts", "const x: number = ;\n"));
  assert.match(
    await held("entry"),
    /then `zpm start entry`; a change .* as well\. If this Node does not .*`--with tsx`$/,
  );
  await box.zpm("start", box.write("plain.js", "const x = ;\n"));
  assert.match(
    await held("plain"),
    /after \d+ ms, which .*`zpm start plain`; a change .* as well$/,
  );
});

test("what cannot start is told, and listed with its reason", async (t) => {
  const box = commandLine(t);
  const text = "#!/bin/sh\nexec sleep 1000\n";
  box.write("there.js", "");
  box.write("plain", text);
  box.write("crlf", "#!/bin/sh\r\nexec sleep 1000\r\n", 0o755);
  box.write("lost", "#!/no/such/program\n", 0o755);
  box.write("env", "#!/usr/bin/env no-such-program\n", 0o755);
  box.write("broken", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 2, 3]), 0o755);
  symlinkSync("/no/such/thing", join(box.project, "link"));
  const cases = [
    [["nope.js"], /nope\.js: .*no such.*node_modules\/\.bin or PATH/],
    [["./nope.js"], /nope\.js: no such file or directory\. Check the path/],
    [["./there"], /Did you mean .*there\.js\?/],
    [["./plain"], /plain: permission denied\. .*chmod \+x/],
    [["./crlf"], /crlf: .*Windows line end/],
    [["./lost"], /lost: .*\/no\/such\/program: no such file/],
    [["./env"], /env: .*asks for no-such-program, .*not in PATH/],
    [["./broken"], /broken: exec format error\. .*another machine/],
    [["./link"], /link: it is a symbolic link/],
    [["there.js", "--cwd", "gone"], /enter the folder .*gone: no such.*--cwd/],
    [["there.js", "--cwd", "plain"], /enter the folder .*plain: not a dir/],
    [
      ["there.js", "--with", "no-such-thing"],
      /no-such-thing is in neither node_modules\/\.bin nor PATH/,
    ],
    [
      ["there.js", "--interpreter-command", "./nothing"],
      /interpreter .*nothing: no such file/,
    ],
    [["there.js", "--interpreter-command", "./plain"], /plain: permission den/],
  ];
  for (const [i, [words, complaint]] of cases.entries()) {
    const name = `app${i}`;
    const { code, stdout, stderr } = await box.zpm(
      ...["start", ...words, "--name", name],
    );
    assert.equal(code, 1, words.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^zpm: app '${name}': [^\n]*\n$`));
    assert.match(stderr, complaint);
    const { status, pid, lastError } = await box.app(name);
    assert.deepEqual({ status, pid }, { status: "errored", pid: null });
    assert.ok(stderr.includes(lastError), `${lastError} in ${stderr}`);
  }
  chmodSync(join(box.project, "plain"), 0o755);
  assert.match(await box.done("start", "app3"), /'app3' started/);
});

test("a failed start is JSON where JSON is asked for", async (t) => {
  const box = commandLine(t);
  const { code, stdout } = await box.zpm("start", "./nope.js", "--json");
  assert.equal(code, 1);
  const [answer, ...more] = JSON.parse(stdout);
  assert.deepEqual(more, []);
  assert.equal(answer.ok, false);
  assert.equal(answer.code, "ZPM_ESTART");
  assert.match(answer.error, /nope\.js/);
});
