// A program that leaves its session, its parents and its environment belongs to
// its app all the same, where zpm can make control groups.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { isAlive, waitFor } from "./helpers.mjs";

// An orphan in a session of its own, with nothing in its environment.
const ESCAPE = `
env -i /bin/sh -c 'setsid /bin/sh -c "echo \\$\\$ >escaped; while :; do
sleep 0.05; done" </dev/null >/dev/null 2>&1 &' &
wait
exec sleep 1000
`;

async function escaped(box) {
  const path = join(box.project, "escaped");
  await waitFor(
    "the escape",
    () => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"),
  );
  return Number(readFileSync(path, "utf8"));
}

/** Where it cannot be promised, doctor says so, and the test is the one to
 * clean up. */
async function assertGone(t, box, pid) {
  const { stdout } = await box.zpm("doctor");
  if (stdout.includes("a stop reaches every process")) {
    await waitFor("its end", () => !isAlive(pid));
    return;
  }
  assert.match(stdout, /on purpose escapes/);
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}

test("a stop by a daemon that took over reaches what has escaped", async (t) => {
  const box = commandLine(t);
  await box.done("start", box.write("run.sh", ESCAPE));
  const pid = await escaped(box);
  const { pid: daemon } = await box.json("ping");
  process.kill(daemon, "SIGKILL");
  await waitFor("its end", () => !isAlive(daemon));
  assert.equal((await box.app("run")).status, "running");
  assert.ok(isAlive(pid));
  await box.done("stop", "run");
  await assertGone(t, box, pid);
});

test("a stop reaches what outlived daemon and keeper", async (t) => {
  const box = commandLine(t);
  await box.done("start", box.write("run.sh", ESCAPE));
  const pid = await escaped(box);
  const { pid: daemon, keeperPid } = await box.json("ping");
  process.kill(keeperPid, "SIGKILL");
  if (isAlive(daemon)) process.kill(daemon, "SIGKILL");
  await waitFor("their end", () => !isAlive(daemon) && !isAlive(keeperPid));
  await box.done("stop", "run");
  await assertGone(t, box, pid);
});
