// What is left of a ProcessManager when its host goes: nothing.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { isAlive, sandbox, waitFor, within } from "./helpers.mjs";

function assertClean({ code, signal, stderr }, expected = 0) {
  assert.equal(signal, null, stderr);
  assert.equal(code, expected, stderr);
}

async function assertGone(stdout) {
  const pid = Number(stdout.split("\n")[0]);
  assert.ok(pid > 0, stdout);
  await waitFor("the end of the app", () => !isAlive(pid));
}

test("a manager with nothing to do lets Node end", async (t) => {
  const result = await sandbox(t).host("host-quiet.mjs");
  assertClean(result);
  assert.equal(result.stdout, "end of script\n");
});

test("a manager keeps Node while it supervises, also between tries", async (t) => {
  const result = await sandbox(t).host("host-supervises.mjs");
  assertClean(result);
  assert.equal(result.stdout, "exit 1\nexit 1\nexit 0\nruns 3\n");
});

test("a manager in dev mode keeps Node until a broken app is mended", async (t) => {
  const box = sandbox(t);
  const folder = join(box.home, "src");
  mkdirSync(folder);
  const host = box.spawnHost("host-dev.mjs", [folder]);
  let said = "";
  host.stdout.on("data", (bytes) => (said += bytes));
  await waitFor("its crash", () => said === "exit 1\n");
  writeFileSync(join(folder, "app.js"), "");
  const [code] = await within("the end of the host", once(host, "exit"));
  assert.equal(code, 0);
  assert.equal(said, "exit 1\nexit 0\n");
});

test("process.exit leaves no app behind", async (t) => {
  const result = await sandbox(t).host("host-leaves.mjs", ["exit"]);
  assertClean(result, 7);
  await assertGone(result.stdout);
});

test("an uncaught exception leaves no app behind", async (t) => {
  const result = await sandbox(t).host("host-leaves.mjs", ["throw"]);
  assertClean(result, 1);
  assert.match(result.stderr, /on purpose/);
  await assertGone(result.stdout);
});

test("SIGKILL of the host leaves no app behind", async (t) => {
  const host = sandbox(t).spawnHost("host-leaves.mjs", ["wait"]);
  const [text] = await within("the app's pid", once(host.stdout, "data"));
  host.kill("SIGKILL");
  await within("the end of the host", once(host, "exit"));
  await assertGone(String(text));
});

for (const how of ["terminate", "exit", "return", "storm"])
  test(`a worker thread ends cleanly by ${how}`, async (t) => {
    const result = await sandbox(t).host("host-worker.mjs", [how]);
    assertClean(result);
    assert.match(result.stdout, /^\d+\nworker ended\n$/);
    await assertGone(result.stdout);
  });
