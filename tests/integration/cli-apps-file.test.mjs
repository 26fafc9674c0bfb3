// zpm start apps.json

import assert from "node:assert/strict";
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";

const teller =
  'echo "run [$*] port [$PORT] a [$A] cwd [$PWD]"; exec sleep 1000\n';

async function names(box) {
  return (await box.json("list")).map(({ name }) => name);
}

test("an array starts all its apps, by paths from the file's folder", async (t) => {
  const box = commandLine(t);
  box.write("site/run/tell.sh", teller);
  box.write("site/node_modules/.bin/tool", `#!/bin/sh\n${teller}`, 0o755);
  box.write("site/text", teller);
  box.write("site/shell", '#!/bin/sh\nexec sh "$@"\n', 0o755);
  const file = box.write(
    "site/apps.json",
    JSON.stringify([
      { name: "one", scriptPath: "./run/tell.sh", args: ["x y"], port: 4100 },
      { name: "two", scriptPath: "run/tell.sh", cwd: "run", env: { A: 1 } },
      { scriptPath: "tool" },
      { scriptPath: "text", interpreterCommand: "./shell" },
      { name: "six", scriptPath: "/bin/sleep", args: ["1000"], probe: null },
    ]),
  );
  const said = await box.done("start", file);
  assert.deepEqual(said.match(/(?<=^')[^']+(?=' started, pid \d+$)/gm), [
    ...["one", "two", "tool", "text", "six"],
  ]);
  const site = join(box.project, "site");
  for (const [name, line] of [
    ["one", `run [x y] port [4100] a [] cwd [${site}]\n`],
    ["two", `run [] port [] a [1] cwd [${site}/run]\n`],
    ["tool", `run [] port [] a [] cwd [${site}]\n`],
    ["text", `run [] port [] a [] cwd [${site}]\n`],
  ])
    assert.equal(await box.logHas(name, "\n"), line);
});

test("an object is one app; a relative path of the file will do", async (t) => {
  const box = commandLine(t);
  box.write("tell.sh", teller);
  box.write("app.json", '{"scriptPath": "tell.sh", "name": "only"}');
  mkdirSync(join(box.project, "sub"));
  const cwd = join(box.project, "sub");
  const { code } = await box.zpmWith({ cwd }, "start", "../app.json");
  assert.equal(code, 0);
  const { cwd: folder, scriptPath } = await box.app("only");
  assert.equal(realpathSync(folder), realpathSync(box.project));
  assert.match(scriptPath, /tell\.sh$/);
});

test("the apps get the caller's environment", async (t) => {
  const box = commandLine(t);
  box.write("tell.sh", teller);
  const file = box.write("apps.json", '[{"scriptPath": "tell.sh"}]');
  await box.zpmWith({ env: { A: "from the caller" } }, "start", file);
  await box.logHas("tell", "a [from the caller]");
});

test("one bad entry does not keep the others from starting", async (t) => {
  const box = commandLine(t);
  box.write("tell.sh", teller);
  const file = box.write(
    "apps.json",
    JSON.stringify([
      { name: "good", scriptPath: "tell.sh" },
      { name: "gone", scriptPath: "./nothing.sh" },
      { name: "typo", scriptPath: "tell.sh", prot: 1 },
      { name: "unfair", scriptPath: "tell.sh", scheduling: "fair" },
      { prot: 1 },
      { name: "fine", scriptPath: "tell.sh" },
    ]),
  );
  const { code, stdout, stderr } = await box.zpm("start", file);
  assert.equal(code, 1);
  assert.match(stdout, /^'good' started, pid \d+\n'fine' started, pid \d+\n$/);
  const complaints = stderr.trimEnd().split("\n");
  assert.equal(complaints.length, 4, stderr);
  assert.match(complaints[0], /'gone'.*nothing\.sh: no such file/);
  assert.match(complaints[1], /'typo'.*'prot'.*Did you mean 'port'\?/);
  assert.match(
    complaints[2],
    /'unfair'.*scheduling must be one of auto, rr, reuseport, shared/,
  );
  assert.match(complaints[3], /app 5 .*prot/);
  assert.deepEqual(await names(box), ["good", "gone", "fine"]);

  const again = JSON.parse((await box.zpm("start", file, "--json")).stdout);
  assert.deepEqual(
    again.map(({ name, ok, code: why }) => [name, ok, why]),
    [
      ["good", true, undefined],
      ["gone", false, "ZPM_ESTART"],
      ["typo", false, "ZPM_ECONFIG"],
      ["unfair", false, "ZPM_ECONFIG"],
      [null, false, "ZPM_ECONFIG"],
      ["fine", true, undefined],
    ],
  );
});

test("a file that is none says what is wrong with it", async (t) => {
  const box = commandLine(t);
  for (const [text, complaint] of [
    ['[\n{"scriptPath": "a.js",}]', /apps\.json: not valid JSON in line 2/],
    ["", /not valid JSON/],
    ["[]", /no app in it/],
    ["7", /array of them, not a number/],
    ["[7]", /app 1 is a number/],
    ['{"apps": []}', /without "apps"/],
    ["{}", /scriptPath/],
    ['[{"name": "unknown"}]', /no scriptPath.*unknown/],
    [`[${" ".repeat(1 << 20)}]`, /over 1 MiB/],
  ]) {
    box.write("apps.json", text);
    assert.match(await box.fails("start", "apps.json"), complaint, text);
  }
  assert.match(await box.fails("start", "nope.json"), /nope\.json: No such/);
  assert.match(
    await box.misused("start", "apps.json", "--port", "1"),
    /belong into apps\.json/,
  );
  assert.deepEqual(await names(box), []);
});

test("a hundred apps start by one file", async (t) => {
  const box = commandLine(t);
  const apps = Array.from({ length: 100 }, (_, i) => ({
    name: `app ${i}`,
    scriptPath: "/bin/sleep",
    args: ["1000"],
  }));
  await box.done("start", box.write("apps.json", JSON.stringify(apps)));
  const stats = await box.json("list");
  assert.equal(stats.length, 100);
  assert.ok(stats.every(({ status }) => status === "running"));
  assert.equal(new Set(stats.map(({ pid }) => pid)).size, 100);
  assert.equal(await box.done("delete", "all"), "deleted 100 apps\n");
});
