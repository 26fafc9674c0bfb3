// The daemon as the command line meets it: one of it, of any version, anywhere.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { getSocketPath } from "@zuzjs/pm";

import { commandLine, zpmPath } from "./cli.mjs";
import { assertNothingLeft, isAlive, run, waitFor } from "./helpers.mjs";

test("of twenty first commands one starts the daemon", async (t) => {
  const box = commandLine(t);
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0
        ? box.zpm("list")
        : box.zpm("start", "sleep", "--name", `app ${i}`, "--", "1000"),
    ),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  const running = box.daemons();
  assert.equal(running.length, 2, JSON.stringify(running));
  assert.equal(
    running.filter(({ command }) => /keeper/.test(command)).length,
    1,
  );
  const stats = await box.json("list");
  assert.equal(stats.length, 10);
  assert.equal(new Set(stats.map(({ pid }) => pid)).size, 10);
});

test("the commands of the daemon itself", async (t) => {
  const box = commandLine(t);
  assert.match(await box.fails("ping"), /no daemon runs in namespace 'zuz-pm'/);
  assert.deepEqual(box.daemons(), [], "ping starts none");
  assert.match(await box.done("start-daemon"), /^started: daemon/);
  const { pid, keeperPid } = await box.json("ping");
  assert.match(await box.done("start-daemon"), new RegExp(`already.*${pid},`));
  assert.match(await box.done("restart-daemon"), /^restarted: daemon/);
  const second = await box.json("ping");
  assert.notEqual(second.pid, pid);
  assert.ok(!isAlive(pid) && !isAlive(keeperPid));
  assert.match(await box.done("kill-daemon"), /the daemon has ended/);
  assert.ok(!isAlive(second.pid) && !isAlive(second.keeperPid));
  assert.equal(await box.done("kill-daemon"), "no daemon runs\n");
  assert.match(await box.done("restart-daemon"), /^started: daemon/);
  assert.equal(box.daemons().length, 2);
});

/** Plays a daemon of that version; `seen` are the commands it was sent. */
async function playDaemon(box, version, compatible) {
  const seen = [];
  const data = { version, compatible, protocol: 1, pid: 1, keeperPid: 1 };
  const answers = { hello: data, ping: "pong", stats: [] };
  mkdirSync(join(box.home, "zuz-pm"), { mode: 0o700 });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.setEncoding("utf8").on("data", (text) => {
      for (const line of text.trimEnd().split("\n")) {
        const { cmd } = JSON.parse(line);
        seen.push(cmd);
        socket.write(`${JSON.stringify({ ok: true, data: answers[cmd] })}\n`);
      }
    });
  });
  server.listen(getSocketPath(undefined, box.home));
  await once(server, "listening");
  return { seen, close: () => new Promise((closed) => server.close(closed)) };
}

test("a daemon of another version is told, and what to do", async (t) => {
  const box = commandLine(t);
  for (const [version, advice, code] of [
    [
      "0.0.1",
      /newer than its daemon \(0\.0\.1\), and they do not fit.*zpm update/,
      1,
    ],
    ["0.1.99", /older than its daemon \(0\.1\.99\)\. .*zpm update/, 0],
    ["7.0.0", /older than its daemon \(7\.0\.0\), and they do not fit/, 1],
  ]) {
    const daemon = await playDaemon(box, version, code === 0);
    try {
      const list = await box.zpm("list");
      assert.equal(list.code, code, list.stderr);
      assert.match(list.stderr, advice);
      assert.match(await box.done("ping"), new RegExp(`daemon ${version}`));
    } finally {
      await daemon.close();
      rmdirSync(join(box.home, "zuz-pm"));
    }
  }
});

test("the daemon tells a client of another version", async (t) => {
  const box = commandLine(t);
  await box.done("start-daemon");
  const { version } = await box.json("ping");
  for (const [theirs, compatible, advice] of [
    [version, true, null],
    ["0.1.77", true, /newer than its daemon/],
    ["0.2.0", false, /newer .* do not fit together/],
    ["9.0.0", false, /newer .* do not fit together/],
    ["seven", false, /no version number/],
  ]) {
    const { ok, data } = await box.wireAsk({ cmd: "hello", version: theirs });
    assert.equal(ok, true);
    assert.equal(data.compatible, compatible, theirs);
    if (advice === null) assert.equal(data.advice, null);
    else assert.match(data.advice, advice);
  }
});

test("what was wanted comes back with the next daemon", async (t) => {
  const box = commandLine(t);
  for (const name of ["up", "down", "gone"])
    await box.done("start", "sleep", "--name", name, "--", "1000");
  await box.done("stop", "down");
  await box.done("delete", "gone");
  const { pid } = await box.app("up");
  for (const ended of ["kill-daemon", "restart-daemon"]) {
    await box.done(ended);
    assert.ok(!isAlive(pid));
    const stats = await waitFor("the app", async () => {
      const all = await box.json("list");
      return all.some(({ status }) => status === "running") && all;
    });
    assert.deepEqual(
      stats.map(({ name, status }) => `${name} ${status}`),
      ["up running", "down stopped"],
    );
  }
});

test("namespaces are apart", async (t) => {
  const box = commandLine(t);
  for (const namespace of ["one", "two"]) box.client({ namespace });
  const start = ["start", "sleep", "--name", "a"];
  await box.done("--namespace", "one", ...start, "--", "1000");
  const env = { ZPM_NAMESPACE: "two" };
  await box.zpmWith({ env }, ...start, "--", "1000");
  const [one] = await box.json("list", "--namespace", "one");
  const [two] = await box.json("list", "--namespace=two");
  assert.notEqual(one.pid, two.pid);
  assert.match(await box.fails("ping"), /no daemon/);
  await box.done("delete", "all", "--namespace", "one");
  assert.ok(!isAlive(one.pid) && isAlive(two.pid));
  await box.done("kill-daemon", "--namespace", "one");
  assert.equal((await box.json("ping", "--namespace", "two")).namespace, "two");
});

test("a home too long for a socket has it elsewhere", async (t) => {
  const box = commandLine(t);
  const env = {
    ZPM_HOME: join(box.home, "x".repeat(60), "y".repeat(60)),
    XDG_RUNTIME_DIR: join(box.home, "run"),
  };
  mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
  const zpm = (...words) => box.zpmWith({ env }, ...words);
  try {
    const { code, stderr } = await zpm("start", "sleep", "--", "1000");
    assert.equal(code, 0, stderr);
    assert.match((await zpm("list")).stdout, /sleep +running/);
    assert.ok(existsSync(join(env.ZPM_HOME, "zuz-pm", "state.json")));
    assert.equal(box.daemons().length, 0);
  } finally {
    await zpm("kill-daemon");
    await assertNothingLeft(env.ZPM_HOME);
  }
});

test("without ZPM_HOME it is .zpm in the user's home", async (t) => {
  const box = commandLine(t);
  const env = { ZPM_HOME: undefined, HOME: box.home };
  try {
    await box.zpmWith({ env }, "start", "sleep", "--", "1000");
    assert.ok(existsSync(join(box.home, ".zpm", "zuz-pm", "state.json")));
  } finally {
    await box.zpmWith({ env }, "kill-daemon");
  }
  await assertNothingLeft(join(box.home, ".zpm"));
  const nowhere = { ZPM_HOME: undefined, HOME: undefined };
  const options = { env: { ...nowhere, ZPM_NAMESPACE: "nobody-uses-this" } };
  const { stderr } = await box.zpmWith(options, "ping");
  assert.match(stderr, /no daemon runs|no home folder/);
});

test("folders may go away under the caller, the daemon and the app", async (t) => {
  const box = commandLine(t);
  const inner = join(box.project, "inner");
  mkdirSync(inner);
  const here = (words) =>
    run("sh", [
      "-c",
      `cd "${inner}" && rmdir "${inner}" && exec "${zpmPath}" ${words}`,
    ]);
  assert.equal((await here("list")).code, 0);
  mkdirSync(inner);
  const lost = await here("start sleep -- 1000");
  assert.match(lost.stderr, /cannot tell the current folder/);
  assert.notEqual(lost.code, 0);

  mkdirSync(inner);
  await box.done("start", "sleep", "--cwd", "inner", "--", "1000");
  rmdirSync(inner);
  assert.equal((await box.app("sleep")).status, "running");
  assert.match(
    await box.fails("restart", "sleep"),
    /cannot enter the folder .*inner: no such file.*--cwd/,
  );
  const { status, lastError } = await box.app("sleep");
  assert.equal(status, "errored");
  assert.match(lastError, /inner/);
  mkdirSync(inner);
  await box.done("restart", "sleep");
});

/** Connects as another user; says what it hears until the end. */
const STRANGER = `
  process.setgroups([]); process.setgid(65534); process.setuid(65534);
  const socket = require("node:net").connect(process.argv[1]);
  socket.on("error", (error) => console.log(error.code));
  socket.on("data", (data) => process.stdout.write(data));
`;

test("another user is turned away", async (t) => {
  const box = commandLine(t);
  await box.done("start-daemon");
  if (process.getuid() !== 0) {
    t.diagnostic("only root can become another user");
    return;
  }
  const path = getSocketPath(undefined, box.home);
  const knock = () =>
    run(process.execPath, ["-e", STRANGER, path], { cwd: "/" });
  assert.equal((await knock()).stdout, "EACCES\n", "by the folder alone");
  chmodSync(box.home, 0o711);
  chmodSync(join(box.home, "zuz-pm"), 0o711);
  chmodSync(path, 0o666);
  const lines = (await knock()).stdout.split("\n");
  assert.equal(lines.length, 2, lines.join("\n"));
  const { ok, code } = JSON.parse(lines[0]);
  assert.deepEqual({ ok, code }, { ok: false, code: "ZPM_EACCESS" });
});
