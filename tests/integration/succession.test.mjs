// What was under way when the daemon died goes on with the next one: clocks,
// counters and deadlines are those of before.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { getSocketPath } from "@zuzjs/pm";

import { Wire } from "./cli.mjs";
import { fixture, isAlive, sandbox, waitFor } from "./helpers.mjs";

/** Kills the daemon, and waits until the next one answers. */
async function killDaemon(box) {
  const wire = new Wire(getSocketPath(undefined, box.home));
  const { pid } = (await wire.ask({ cmd: "hello", version: "0.1.0" })).data;
  wire.close();
  process.kill(pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(pid));
  await waitFor("the next daemon", () =>
    box
      .client()
      .isDaemonRunning()
      .catch(() => false),
  );
}

async function stats(box, name) {
  const [one] = await box.client().stats(name);
  return one;
}

const isStatus = (box, name, status) => async () => {
  const one = await stats(box, name).catch(() => undefined);
  return one?.status === status && one;
};

function script(box, name, text) {
  const path = join(box.home, name);
  writeFileSync(path, text);
  return path;
}

test("a backoff goes on, and its crashes are counted", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({
    name: "bad",
    scriptPath: script(box, "bad.sh", "exit 7\n"),
    immediateCrash: "retry",
    minBackoff: 600_000,
    maxBackoff: 600_000,
  });
  const before = await waitFor("its crash", isStatus(box, "bad", "crashed"));
  for (let round = 0; round < 3; round++) await killDaemon(box);
  const after = await stats(box, "bad");
  assert.equal(after.status, "crashed");
  assert.equal(after.restartCount, before.restartCount);
  assert.equal(after.totalRestarts, before.totalRestarts);
  assert.equal(after.lastExitCode, 7);
  assert.ok(after.nextTryIn <= before.nextTryIn, "it is not put off");
  assert.ok(after.nextTryIn > 0);
});

test("a backoff that ends after the daemon's death leads to a start", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({
    name: "bad",
    scriptPath: script(
      box,
      "bad.sh",
      "[ -e second ] && exec sleep 1000\n: > second\nexit 7\n",
    ),
    cwd: box.home,
    immediateCrash: "retry",
    minBackoff: 1500,
  });
  await waitFor("its crash", isStatus(box, "bad", "crashed"));
  await killDaemon(box);
  const after = await waitFor("its start", isStatus(box, "bad", "running"));
  assert.equal(after.totalRestarts, 1);
});

test("a stop keeps its deadline, and asks once", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const asked = join(box.home, "asked");
  await pm.start({
    name: "slow",
    scriptPath: script(
      box,
      "slow.sh",
      "trap 'echo TERM >> asked' TERM\necho up\nwhile :; do sleep 0.01; done\n",
    ),
    cwd: box.home,
    killTimeout: 2500,
  });
  const { pid } = await waitFor("its trap", async () => {
    const one = await stats(box, "slow");
    return one.lastLog === "up" && one;
  });
  const broken = pm.stop("slow").catch((error) => error);
  await waitFor("the question", () => {
    try {
      return readFileSync(asked, "utf8") !== "";
    } catch {
      return false;
    }
  });
  await killDaemon(box);
  await broken;
  const one = await stats(box, "slow");
  assert.ok(["stopping", "stopped"].includes(one.status), one.status);
  const after = await waitFor("its end", isStatus(box, "slow", "stopped"));
  assert.equal(after.lastExitSignal, "SIGKILL");
  assert.ok(!isAlive(pid));
  assert.equal(readFileSync(asked, "utf8"), "TERM\n");
});

test("who is to be deleted is deleted", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({
    name: "slow",
    scriptPath: script(
      box,
      "slow.sh",
      "trap '' TERM\necho up\nwhile :; do sleep 0.01; done\n",
    ),
    killTimeout: 600_000,
  });
  const { pid } = await waitFor("its trap", async () => {
    const one = await stats(box, "slow");
    return one.lastLog === "up" && one;
  });
  const broken = pm.delete("slow").catch((error) => error);
  await waitFor("the delete", isStatus(box, "slow", "stopping"));
  await killDaemon(box);
  await broken;
  assert.equal((await stats(box, "slow")).status, "stopping");
  process.kill(pid, "SIGKILL");
  await waitFor(
    "its end",
    async () => (await box.client().list()).length === 0,
  );
});

test("who is not ready keeps its deadline", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({
    name: "mute",
    scriptPath: fixture("forever.js"),
    waitReady: true,
    readyTimeout: 3000,
    minBackoff: 600_000,
    maxBackoff: 600_000,
  });
  const { pid } = await waitFor("it", isStatus(box, "mute", "starting"));
  await killDaemon(box);
  assert.equal((await stats(box, "mute")).pid, pid);
  const after = await waitFor("the crash", isStatus(box, "mute", "crashed"));
  assert.equal(after.restartCount, 1);
});

test("a word that was said to a former daemon counts", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  const done = join(box.home, "go");
  await pm.start({
    name: "two",
    scriptPath: script(
      box,
      "two.js",
      "process.send('ready'); setInterval(() => {}, 1000);\n",
    ),
    waitReady: true,
    readyTimeout: 600_000,
    probe: {
      type: "exec",
      kind: "readiness",
      target: `test -e ${done}`,
      intervalSeconds: 0.1,
    },
  });
  const pending = async () => (await stats(box, "two")).pending ?? "";
  await waitFor("the word", async () => !(await pending()).includes("said"));
  await killDaemon(box);
  assert.equal((await stats(box, "two")).status, "starting");
  writeFileSync(done, "");
  await waitFor("readiness", isStatus(box, "two", "running"));
});

test("a held app stays held, with its reason", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm
    .start({
      name: "bad",
      scriptPath: script(box, "bad.sh", "echo oh no >&2\nexit 3\n"),
    })
    .catch(() => {});
  const before = await waitFor("the hold", isStatus(box, "bad", "errored"));
  await killDaemon(box);
  const after = await stats(box, "bad");
  assert.equal(after.status, "errored");
  assert.equal(after.lastError, before.lastError);
  assert.equal(after.lastExitCode, 3);
});
