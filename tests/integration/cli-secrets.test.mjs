// What is in an environment stays there.

import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { processesOf } from "./helpers.mjs";

const GIVEN = "given-hush-4711";
const CALLERS = "callers-hush-4712";
const FILED = "filed-hush-4713";

async function withSecrets(t) {
  const box = commandLine(t);
  const file = box.write("quiet.sh", "echo ready; exec sleep 1000\n");
  const envFile = box.write("secret.env", `FILED_TOKEN=${FILED}\n`);
  const options = { env: { CALLERS_TOKEN: CALLERS } };
  const result = await box.zpmWith(
    options,
    ...["start", file, "--env", `GIVEN_TOKEN=${GIVEN}`],
    ...["--env-file", envFile],
  );
  assert.equal(result.code, 0, result.stderr);
  await box.logHas("quiet", "ready");
  return { ...box, file, options, said: result.stdout + result.stderr };
}

function assertHushed(text, where) {
  for (const secret of [GIVEN, CALLERS, FILED])
    assert.ok(!text.includes(secret), `${secret} in ${where}: ${text}`);
}

// Not `recursive`: in Node 18 that takes a socket for a folder.
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOf(path);
    return entry.isFile() ? [path] : [];
  });
}

test("no command shows the value of a variable", async (t) => {
  const box = await withSecrets(t);
  assertHushed(box.said, "start");
  const commands = [
    ["list", "--wide"],
    ["stats", "quiet"],
    ["describe", "quiet"],
    ["logs", "--no-follow"],
    ["doctor"],
    ["ping"],
    ["start", "quiet", "--wait"],
    ["start", "quiet", "--env", "GIVEN_TOKEN=other"],
    ["start", "quiet", "--env", "GIVEN_TOKEN"],
    ["restart", "quiet"],
    ["stop", "quiet"],
    ["start", "quiet"],
  ];
  for (const words of commands)
    for (const more of [[], ["--json"]]) {
      const shown = await box.zpmWith(box.options, ...words, ...more);
      assertHushed(shown.stdout + shown.stderr, [...words, ...more].join(" "));
    }
  for (const request of [
    { cmd: "get-store" },
    { cmd: "find-worker", name: "quiet" },
    { cmd: "describe", name: "quiet", showEnv: false },
    { cmd: "doctor" },
    { cmd: "stats" },
  ])
    assertHushed(JSON.stringify(await box.wireAsk(request)), request.cmd);
});

test("a start that fails shows no value, and neither do its exits", async (t) => {
  const box = commandLine(t);
  const file = box.write("bad.sh", "echo oops >&2; sleep 0.1; exit 3\n");
  const bad = box.write("bad.env", `FILED_TOKEN=${FILED}\n=${FILED}\n`);
  const options = { env: { CALLERS_TOKEN: CALLERS } };
  for (const words of [
    ["start", file, "--wait", "--env", `GIVEN_TOKEN=${GIVEN}`],
    ["describe", "bad"],
    ["describe", "bad", "--json"],
    ["start", file, "--name", "filed", "--env-file", bad],
    ["start", file, "--name", "filed", "--env-file", box.project],
    ["start", file, "--name", "x", "--probe", `http://me:${GIVEN}@localhost/`],
    ["list", "--json"],
  ]) {
    const shown = await box.zpmWith(options, ...words);
    assertHushed(shown.stdout + shown.stderr, words.join(" "));
  }
});

test("what a folder's .env holds stays there", async (t) => {
  const box = commandLine(t);
  box.write("server.js", "setInterval(() => {}, 1e6)\n");
  box.write(".env", `FILED_TOKEN=${FILED}\nPORT=4711\n`);
  box.write(
    "package.json",
    JSON.stringify({ scripts: { start: `API_KEY=${GIVEN} node server.js` } }),
  );
  const { stdout, stderr } = await box.zpm("start");
  assertHushed(stdout + stderr, "start");
  assertHushed(await box.done("describe", "project"), "describe");
});

test("--show-env shows them", async (t) => {
  const box = await withSecrets(t);
  const hidden = await box.json("describe", "quiet");
  assert.deepEqual(hidden.config.env, { GIVEN_TOKEN: "<hidden>" });
  assert.ok(hidden.environment.includes("CALLERS_TOKEN"));
  const shown = await box.json("describe", "quiet", "--show-env");
  assert.deepEqual(shown.config.env, { GIVEN_TOKEN: GIVEN });
  assert.equal(shown.environment.CALLERS_TOKEN, CALLERS);
  const text = await box.done("describe", "quiet", "--show-env");
  assert.ok(text.includes(GIVEN) && text.includes(CALLERS), text);
});

test("no file but the state has them, and no command line", async (t) => {
  const box = await withSecrets(t);
  await box.done("restart-daemon");
  await box.zpmWith(box.options, "start", "./nope.sh", "--name", "broken");
  const files = filesOf(join(box.home, "zuz-pm")).filter(
    (path) => !/state\.json(\.old)?$/.test(path),
  );
  assert.ok(files.some((path) => path.endsWith("daemon.log")));
  for (const path of files) assertHushed(readFileSync(path, "latin1"), path);
  const processes = processesOf(box.home);
  assert.ok(processes.length >= 3, "keeper, daemon and the app");
  for (const { pid, command } of processes) assertHushed(command, `of ${pid}`);
});

test("the daemon does not keep the environment that it was started in", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "tell.sh",
    'echo "[$CALLERS_TOKEN]"; exec sleep 1000\n',
  );
  const env = { CALLERS_TOKEN: CALLERS };
  await box.zpmWith({ env }, "start-daemon");
  await box.done("start", file);
  assert.equal(await box.logHas("tell", "\n"), "[]\n");
});

test("the folder is the user's alone, whatever the umask", async (t) => {
  const box = await withSecrets(t);
  const mode = (...path) =>
    (statSync(join(box.home, ...path)).mode & 0o777).toString(8);
  await box.done("start", "sleep", "--name", "x", "--", "1000");
  assert.equal(mode("zuz-pm"), "700");
  for (const file of ["state.json", "daemon.log", "zpm.sock"])
    assert.equal(mode("zuz-pm", file), "600", file);
  assert.equal(mode("zuz-pm", "logs", "quiet", "out.log"), "600");
  const open = filesOf(join(box.home, "zuz-pm")).filter(
    (path) => (statSync(path).mode & 0o077) !== 0,
  );
  assert.deepEqual(open, []);

  await box.done("kill-daemon");
  chmodSync(join(box.home, "zuz-pm"), 0o755);
  chmodSync(join(box.home, "zuz-pm", "state.json"), 0o644);
  await box.zpm("start-daemon");
  await box.zpm("stop", "x");
  assert.equal(mode("zuz-pm"), "700");
  assert.equal(mode("zuz-pm", "state.json"), "600");
});
