// daemon.log: what somebody who was asleep finds there about the apps.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { isAlive, waitFor } from "./helpers.mjs";

test("daemon.log tells what became of the apps, and nothing of theirs", async (t) => {
  const box = commandLine(t);
  const journal = () =>
    readFileSync(join(box.home, "zuz-pm", "daemon.log"), "utf8");
  const has = (text) =>
    waitFor(`${text} in daemon.log`, () => journal().includes(text));
  await box.done("start", box.write("stay.sh", "exec sleep 1000\n"));
  const bad = box.write("bad.sh", "echo s3cret; exit 3\n");
  await box.zpm("start", bad, "--env", "KEY=hush");
  await has("Z app 'bad' crashed: exit code 3 after ");
  await has("; held until one of its files changes, or somebody starts it\n");
  await box.zpm("start", "./nope.sh");
  await has("Z app 'nope': cannot run ");
  assert.doesNotMatch(journal(), /s3cret|hush|stay/);

  const { pid } = await box.json("ping");
  process.kill(pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(pid));
  await has("Z took over 1 app of the daemon before\n");
  assert.equal((await box.app("stay")).status, "running");
});
