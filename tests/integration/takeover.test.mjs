// A daemon that dies is started again by its keeper, and finds its apps.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { getSocketPath } from "@zuzjs/pm";

import { fixture, isAlive, sandbox, waitFor } from "./helpers.mjs";

/** Asks on a connection of its own, so that its end can be seen. */
function ask(home, request) {
  return new Promise((resolve) => {
    const socket = createConnection(getSocketPath(undefined, home));
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => {
      text += part;
      if (!text.includes("\n")) return;
      socket.destroy();
      resolve(JSON.parse(text).data);
    });
    socket.on("error", () => resolve(null));
    socket.on("close", () => resolve(null));
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

async function killDaemon(home) {
  const { pid } = await waitFor("the daemon", () =>
    ask(home, { cmd: "hello", version: "0.1.0" }),
  );
  process.kill(pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(pid));
  return pid;
}

test("kill -9 of the daemon costs no app anything", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const script = join(box.home, "count.sh");
  writeFileSync(
    script,
    "i=0\nwhile :; do i=$((i+1)); echo $i; sleep 0.002; done\n",
  );
  await pm.start({ name: "count", scriptPath: script });
  await pm.start({ name: "server", scriptPath: fixture("forever.js") });
  const before = await pm.stats();
  const log = join(box.home, "zuz-pm", "logs", "count", "out.log");
  const lines = () => readFileSync(log, "utf8").trimEnd().split("\n").length;

  for (let round = 0; round < 4; round++) {
    const written = lines();
    await waitFor("output", () => lines() > written + 5);
    await killDaemon(box.home);
  }
  const after = await pm.stats();
  assert.deepEqual(
    after.map(({ name, pid, status, totalRestarts }) => [
      name,
      pid,
      status,
      totalRestarts,
    ]),
    before.map(({ name, pid }) => [name, pid, "running", 0]),
  );
  assert.ok(after[0].uptime > before[0].uptime, "the uptime goes on");

  await pm.stop("count");
  assert.ok(!isAlive(before[0].pid));
  const numbers = readFileSync(log, "utf8").trimEnd().split("\n");
  numbers.forEach((number, i) => assert.equal(number, String(i + 1)));
});

test("a daemon that is being started again counts as running", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.ensureDaemon();
  // From the third death in a row on the keeper takes its time.
  for (let round = 0; round < 4; round++) {
    await killDaemon(box.home);
    assert.equal(await box.client().isDaemonRunning(), true);
  }
});

test("an exit while no daemon runs is not lost", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({
    name: "short",
    scriptPath: fixture("forever.js"),
    autorestart: false,
  });
  const [{ pid }] = await pm.stats("short");
  // Both at once: the daemon cannot have seen it.
  const { pid: daemon } = await ask(box.home, { cmd: "hello", version: "0" });
  process.kill(daemon, "SIGSTOP");
  process.kill(pid, "SIGKILL");
  process.kill(daemon, "SIGKILL");
  const stats = await waitFor("the exit", async () => {
    // The old connection may only now be found broken.
    const [one] = await pm.stats("short").catch(() => []);
    return one?.status === "errored" && one;
  });
  assert.equal(stats.lastExitSignal, "SIGKILL");
  assert.equal(stats.pid, null);
});

test("when keeper and daemon die at once the next command takes over", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const script = join(box.home, "count.sh");
  writeFileSync(
    script,
    "i=0\nwhile :; do i=$((i+1)); echo $i; sleep 0.002; done\n",
  );
  await pm.start({ name: "quiet", scriptPath: fixture("forever.js") });
  await pm.start({ name: "count", scriptPath: script });
  const before = await pm.stats();
  const [{ pid }] = before;
  const hello = await ask(box.home, { cmd: "hello", version: "0" });
  // Stopped first, so that neither can react to the end of the other.
  process.kill(hello.keeperPid, "SIGSTOP");
  process.kill(hello.pid, "SIGKILL");
  process.kill(hello.keeperPid, "SIGKILL");
  await waitFor(
    "their end",
    () => !isAlive(hello.pid) && !isAlive(hello.keeperPid),
  );
  assert.ok(isAlive(pid), "nobody was there to end it");
  const { pid: writer } = before[1];
  const written = bytesWritten(writer);
  await waitFor("more output", () => bytesWritten(writer) > written + 200);
  const after = await box.client().stats();
  assert.deepEqual(
    after.map(({ name, pid, status, totalRestarts }) => [
      name,
      pid,
      status,
      totalRestarts,
    ]),
    before.map(({ name, pid }) => [name, pid, "running", 0]),
  );
  assert.match(
    readFileSync(join(box.home, "zuz-pm", "daemon.log"), "utf8"),
    /app 'quiet' \(pid \d+\) has outlived its keeper and its daemon .*IPC/,
  );
  // From here on it is as ever: the next daemon finds them with the keeper.
  await killDaemon(box.home);
  const later = await waitFor("the next daemon", () =>
    box
      .client()
      .stats()
      .catch(() => null),
  );
  assert.deepEqual(
    later.map((one) => one.pid),
    before.map((one) => one.pid),
  );
  const client = box.client();
  await client.stop("count");
  assert.ok(!isAlive(before[1].pid));
  const log = join(box.home, "zuz-pm", "logs", "count", "out.log");
  const numbers = readFileSync(log, "utf8").trimEnd().split("\n");
  assert.ok(numbers.length > 50);
  numbers.forEach((number, i) => assert.equal(number, String(i + 1)));
});

/** By the process itself, to whatever. */
function bytesWritten(pid) {
  return Number(
    /wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))[1],
  );
}

/** Stops the daemon, so that it cannot see what happens, then kills it. */
async function whileBlind(home, action) {
  const { pid } = await ask(home, { cmd: "hello", version: "0" });
  process.kill(pid, "SIGSTOP");
  await action();
  process.kill(pid, "SIGKILL");
}

test("what ended well while no daemon looked is not started again", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const script = join(box.home, "once.sh");
  writeFileSync(
    script,
    "trap 'exit 0' USR1\necho up\nwhile :; do sleep 0.01; done\n",
  );
  await pm.start({ name: "once", scriptPath: script });
  await waitFor(
    "its trap",
    async () => (await pm.stats("once"))[0].lastLog === "up",
  );
  const [{ pid }] = await pm.stats("once");
  await whileBlind(box.home, async () => {
    process.kill(pid, "SIGUSR1");
    await waitFor("its end", () => !isAlive(pid));
  });
  // A connection made while the daemon was dying is broken with it.
  const [one] = await waitFor("the new daemon", () =>
    box
      .client()
      .stats("once")
      .catch(() => null),
  );
  assert.equal(one.status, "stopped");
  assert.equal(one.lastExitCode, 0);
  assert.equal(one.totalRestarts, 0);
});

test("a restart that was under way is brought to its end", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const script = join(box.home, "slow.sh");
  writeFileSync(
    script,
    "[ -e first ] || trap '' TERM\n: > first\necho up\nwhile :; do sleep 0.01; done\n",
  );
  await pm.start({
    name: "slow",
    scriptPath: script,
    cwd: box.home,
    killTimeout: 600_000,
  });
  await waitFor(
    "its trap",
    async () => (await pm.stats("slow"))[0].lastLog === "up",
  );
  const [{ pid }] = await pm.stats("slow");
  const broken = pm.restart("slow").catch((error) => error.code);
  await waitFor(
    "the restart",
    async () => (await box.client().stats("slow"))[0].status === "stopping",
  );
  await killDaemon(box.home);
  assert.equal(await broken, "ZPM_ELOST");
  process.kill(pid, "SIGKILL");
  const after = await waitFor("the new process", async () => {
    const [one] = await box
      .client()
      .stats("slow")
      .catch(() => []);
    return one?.status === "running" && one;
  });
  assert.notEqual(after.pid, pid);
});
