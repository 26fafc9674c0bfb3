// What list, stats and describe show: to people, to pipes, to programs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { commandLine, zpmPath } from "./cli.mjs";
import { fixture, run, waitFor, within } from "./helpers.mjs";

const STATS =
  "name status pid uptime restartCount totalRestarts cpu memoryRss memoryHeap mode instances scriptPath cwd port lastError lastExitCode lastExitSignal lastLog nextTryIn processes pending probeFailures stuck workers";
const WORKER =
  "instance status pid uptime restartCount totalRestarts cpu memoryRss memoryHeap eventLoopLag connections processes nextTryIn probeFailures stuck";
const DESCRIBED = `${STATS} config createdAt lastExit exits logFiles environment droppedLogBytes`;
const STORED =
  "name status scriptPath cwd pids childrenCount restartCount backoffTime isRestarting probeFailures lastError lastExitCode";

const keys = (object) => Object.keys(object).join(" ");

/** Runs zpm on a terminal of so many columns. */
function onTerminal(box, columns, words, env = {}) {
  return run(
    "script",
    ["-qec", `stty cols ${columns}; exec "${zpmPath}" ${words}`, "/dev/null"],
    {
      cwd: box.project,
      env: { ...process.env, TERM: "xterm", ZPM_HOME: box.home, ...env },
    },
  );
}

const { code: noScript } = await run("sh", ["-c", "command -v script stty"]);

test("an empty list says how to begin", async (t) => {
  const box = commandLine(t);
  for (const command of ["list", "ls", "ps", "stats"]) {
    assert.match(await box.done(command), /^No apps yet\..*zpm start/);
    assert.deepEqual(await box.json(command), []);
  }
});

test("the JSON has the keys of the protocol, and their types", async (t) => {
  const box = commandLine(t);
  await box.done("start", fixture("talk.js"), "--port", "4200");
  await box.done("start", "sleep", "--name", "down", "--", "1000");
  await box.done("stop", "down");
  await box.logHas("talk", "err 3\n", "err");
  const up = await waitFor("the heap", async () => {
    const app = await box.app("talk");
    return app.memoryHeap !== null && app;
  });
  assert.equal(keys(up), STATS);
  assert.equal(keys(up.workers[0]), WORKER);
  for (const key of "pid uptime restartCount totalRestarts cpu memoryRss memoryHeap instances port processes".split(
    " ",
  ))
    assert.equal(typeof up[key], "number", key);
  assert.equal(up.mode, "fork");
  assert.equal(up.instances, 1);
  assert.equal(up.port, 4200);
  assert.equal(up.processes, 1);
  assert.match(up.lastLog, /^(out|err) 3$/);

  const [, down, ...others] = await box.json("list");
  assert.deepEqual(others, []);
  assert.equal(keys(down), STATS);
  const { pid, uptime, memoryHeap, nextTryIn, lastExitSignal } = down;
  assert.deepEqual(
    { pid, uptime, memoryHeap, nextTryIn, lastExitSignal },
    {
      ...{ pid: null, uptime: null, memoryHeap: null, nextTryIn: null },
      lastExitSignal: "SIGTERM",
    },
  );

  const described = await box.json("describe", "talk");
  assert.equal(keys(described), DESCRIBED);
  assert.deepEqual(described.config, {
    name: "talk",
    scriptPath: fixture("talk.js"),
    cwd: box.project,
    port: 4200,
  });
  assert.ok(Math.abs(described.createdAt - Date.now()) < 600_000);
  assert.equal(described.logFiles.out, box.logFile("talk"));
  assert.ok(described.environment.includes("PATH"));
  assert.equal(described.droppedLogBytes, 0);

  const { data } = await box.wireAsk({ cmd: "get-store" });
  for (const row of data) assert.equal(keys(row), STORED);
  const names = await box.wireAsk({ cmd: "list" });
  assert.deepEqual(names, { ok: true, data: ["talk", "down"] });
});

test("list and stats can be narrowed and sorted", async (t) => {
  const box = commandLine(t);
  for (const name of ["b", "a", "c"])
    await box.done("start", "sleep", "--name", name, "--", "1000");
  await box.done("restart", "c");
  await box.done("stop", "a");
  const names = async (...words) =>
    (await box.json(...words)).map(({ name }) => name).join(" ");
  assert.equal(await names("list", "--status", "running"), "b c");
  assert.equal(await names("stats", "--status", "stopped"), "a");
  assert.equal(await names("list", "--status", "errored"), "");
  assert.equal(await names("list", "--sort", "name"), "a b c");
  assert.equal(
    await names("list", "--sort", "name", "--order", "desc"),
    "c b a",
  );
  assert.equal(
    await names("stats", "--sort", "restarts", "--order", "desc"),
    "c b a",
  );
  assert.equal(await names("list", "--sort", "uptime"), "a c b");
  const rows = (await box.done("ls", "--sort", "name", "--order", "desc"))
    .trimEnd()
    .split("\n");
  assert.deepEqual(
    rows.map((row) => row.split(" ")[0]),
    ["NAME", "c", "b", "a"],
  );
  assert.equal(await names("stats", "b"), "b");
});

test("a table has the columns that were asked for", async (t) => {
  const box = commandLine(t);
  await box.done("start", "sleep", "--port", "4201", "--", "1000");
  const titles = async (...words) =>
    (await box.done(...words)).split("\n")[0].split(/ +/).join(" ");
  const list = "NAME STATUS PID UPTIME RESTARTS CPU MEMORY";
  assert.equal(await titles("list"), list);
  assert.equal(await titles("ls", "--compact"), "NAME STATUS UPTIME MEMORY");
  assert.equal(await titles("stats"), `${list} HEAP PROCS`);
  assert.equal(
    await titles("ps", "--wide"),
    "NAME STATUS PID UPTIME RESTARTS CRASHES CPU MEMORY HEAP PROCS MODE PORT SCRIPT NOTE LAST OUTPUT",
  );
  assert.match(await box.done("ps", "--wide"), / 4201 .*sleep/);
});

test("a pipe gets plain text, and whole names", async (t) => {
  const box = commandLine(t);
  const name = `long ${"x".repeat(59)}`;
  await box.done("start", "sleep", "--name", name, "--", "1000");
  const env = { TERM: "xterm", COLUMNS: "40", CLICOLOR_FORCE: undefined };
  for (const words of [["list"], ["stats"], ["describe", name], ["help"]]) {
    const { stdout } = await box.zpmWith({ env }, ...words);
    assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
    if (words[0] !== "help") assert.ok(stdout.includes(name), stdout);
  }
});

test("a terminal gets colours, and no more than its width", async (t) => {
  assert.equal(noScript, 0, "script and stty of util-linux and coreutils");
  const box = commandLine(t);
  const name = `long ${"x".repeat(59)}`;
  await box.done("start", "sleep", "--name", name, "--", "1000");
  const colour = /\x1b\[32mrunning\x1b\[0m/;
  const bare = (text) => text.replace(/\x1b\[[0-9;]*m/g, "");
  for (const words of ["list", "stats"]) {
    const { stdout } = await onTerminal(box, 80, words);
    assert.match(stdout, colour);
    for (const line of bare(stdout).split("\r\n"))
      assert.ok(line.length <= 80, `${line.length}: ${line}`);
  }
  assert.match((await onTerminal(box, 80, "list")).stdout, /xx\.\.\x1b/);
  assert.ok(
    bare((await onTerminal(box, 40, "list --wide")).stdout).includes(name),
  );
  for (const [words, env] of [
    ["list --no-color", {}],
    ["--no-color list", {}],
    ["list", { NO_COLOR: "1" }],
    ["list", { TERM: "dumb" }],
    ["list --json", {}],
  ]) {
    const { stdout } = await onTerminal(box, 80, words, env);
    assert.doesNotMatch(stdout, /\x1b/, words);
    assert.match(stdout, /running/);
  }
});

test("what an app prints cannot paint the table", async (t) => {
  const box = commandLine(t);
  const evil = "\x1b[2J\x1b]0;title\x07red\ttab\x7f\u009b31m\rback";
  box.write("evil.sh", `printf '%s\\n' '${evil}'; exec sleep 1000\n`);
  await box.done("start", "evil.sh");
  const app = await waitFor("its line", async () => {
    const one = await box.app("evil");
    return one.lastLog !== "" && one.lastLog !== null && one;
  });
  assert.match(app.lastLog, /title/);
  for (const words of [
    ["list", "--wide"],
    ["describe", "evil"],
  ]) {
    const shown = await box.done(...words);
    assert.match(shown, /\\x1b/);
    assert.doesNotMatch(shown, /[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f]/);
  }
  const { stderr } = await box.zpm("stop", `no\x1b[31m\nname`);
  assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f]/);
  assert.equal(stderr.split("\n").length, 2);
  assert.match(
    await box.misused("start", "evil.sh", "--name", "a\x1b[31mb"),
    /name/,
  );
});

test("a reader that leaves early costs nothing", async (t) => {
  const box = commandLine(t);
  const apps = Array.from({ length: 300 }, (_, i) => ({
    name: `app ${i} ${"x".repeat(50)}`,
    scriptPath: "/no/such/program",
  }));
  await box.zpm("start", box.write("apps.json", JSON.stringify(apps)));
  for (const words of [["list"], ["list", "--json"], ["stats", "--wide"]]) {
    const zpm = spawn(zpmPath, words, {
      env: { ...process.env, ZPM_HOME: box.home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let complaint = "";
    zpm.stderr.on("data", (data) => (complaint += data));
    zpm.stdout.destroy();
    const [code, signal] = await within("its end", once(zpm, "close"));
    assert.equal(complaint, "");
    assert.ok(code === 0 || signal === "SIGPIPE", `${code} ${signal}`);
  }
  const { stdout } = await run("sh", ["-c", `"${zpmPath}" list | head -1`], {
    env: { ...process.env, ZPM_HOME: box.home },
  });
  assert.match(stdout, /^NAME .*\n$/);
});

test("a full disk is told", async (t) => {
  const box = commandLine(t);
  await box.done("start", "sleep", "--", "1000");
  const { code, stderr } = await run(
    "sh",
    ["-c", `"${zpmPath}" list >/dev/full`],
    { env: { ...process.env, ZPM_HOME: box.home } },
  );
  assert.equal(code, 1);
  assert.match(stderr, /cannot write: No space left/);
});

test("doctor and ping say what they found", async (t) => {
  const box = commandLine(t);
  assert.match(await box.done("start-daemon"), /^started: daemon .* pid \d+/);
  assert.match(await box.done("ping"), /^pong: daemon .* namespace zuz-pm\n$/);
  const hello = await box.json("ping");
  assert.equal(
    keys(hello),
    "version protocol pid keeperPid keeperVersion home namespace compatible advice",
  );
  assert.equal(hello.home, box.home);
  const { stdout } = await box.zpm("doctor", "--json");
  for (const { check, ok, text } of JSON.parse(stdout)) {
    assert.equal(typeof check, "string");
    assert.equal(typeof ok, "boolean", check);
    assert.equal(typeof text, "string", check);
  }
});
