// zpm start --dev: its output until Ctrl-C.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { commandLine, zpmPath } from "./cli.mjs";
import { isAlive, waitFor, within } from "./helpers.mjs";

test("Ctrl-C ends the showing, not the app", async (t) => {
  const box = commandLine(t);
  const file = box.write("talk.sh", "echo first; exec sleep 1000\n");
  const child = spawn(
    zpmPath,
    ["start", file, "--dev", "--follow", "--ignore-watch", "*"],
    {
      cwd: box.project,
      env: { ...process.env, ZPM_HOME: box.home },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"])
    child[stream].setEncoding("utf8").on("data", (text) => {
      said[stream] += text;
    });
  await waitFor("the first line", () => said.stdout.includes("first\n"));
  assert.match(said.stdout, /^'talk' started, pid \d+\nfirst\n/);
  const { pid } = await box.app("talk");

  child.kill("SIGINT");
  const [code] = await within("its end", once(child, "close"));
  assert.equal(code, 130);
  assert.match(
    said.stderr,
    /zpm: 'talk' stays managed by zpm\. To stop it: zpm stop talk\n$/,
  );
  assert.ok(isAlive(pid));
  await box.done("stop", "talk");
});

test("without a terminal --dev does not wait", async (t) => {
  const box = commandLine(t);
  const file = box.write("quiet.sh", "exec sleep 1000\n");
  await box.done("start", file, "--dev");
  assert.equal((await box.app("quiet")).status, "running");
});
