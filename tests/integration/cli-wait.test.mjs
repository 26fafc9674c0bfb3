// --wait: start and restart answer when the app is ready, or has failed.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { next } from "./helpers.mjs";

const READINESS = ["--probe", "exec:test -e ready,kind=readiness,interval=0.1"];

test("start --wait ends when the app is ready", async (t) => {
  const box = commandLine(t);
  const file = box.write("slow.sh", "sleep 0.3; touch ready; exec sleep 1000");
  assert.match(
    await box.done("start", file, ...READINESS, "--wait"),
    /^'slow' is ready, pid \d+\n$/,
  );
  assert.equal((await box.app("slow")).status, "running");
});

test("an app that is not ready says what it waits for", async (t) => {
  const box = commandLine(t);
  const file = box.write("slow.sh", "exec sleep 1000\n");
  await box.done("start", file, ...READINESS);
  const { status, pending } = await box.app("slow");
  assert.equal(status, "starting");
  assert.match(pending, /readiness/);
  const ready = box.zpm("start", "slow", "--wait");
  box.write("ready", "");
  assert.equal((await ready).code, 0);
  const app = await box.app("slow");
  assert.equal(app.status, "running");
  assert.equal(app.pending, null);

  rmSync(`${box.project}/ready`);
  const again = box.zpm("restart", "slow", "--wait");
  box.write("ready", "");
  assert.equal((await again).code, 0);
});

test("start --wait fails with the reason and the last lines", async (t) => {
  const box = commandLine(t);
  const file = box.write("bad.sh", "echo no database >&2; sleep 0.2; exit 3");
  const said = await box.fails("start", file, ...READINESS, "--wait");
  assert.match(said, /^zpm: .*exit code 3/);
  assert.match(said, /\n {2}no database\n$/);

  const { exits, lastExit } = await box.json("describe", "bad");
  const [{ code, signal, cause, lines, uptime }] = exits;
  assert.deepEqual(
    { code, signal, cause, lines },
    { code: 3, signal: null, cause: "itself", lines: ["no database"] },
  );
  assert.equal(uptime, lastExit.uptime);
  assert.match(
    await box.done("describe", "bad"),
    /\nLast exits\n {2}\S+ \S+ {2}exit code 3 after .*\n {6}no database\n/,
  );
});

test("an app that does not become ready in time has failed", async (t) => {
  const box = commandLine(t);
  const file = box.write("never.sh", "exec sleep 1000\n");
  const words = [...READINESS, "--ready-timeout", "300", "--wait"];
  const said = await box.fails("start", file, ...words);
  assert.match(
    said,
    /^zpm: app 'never': it was not ready after 300 ms \(readyTimeout\): readiness probe exec .*\. It is tried again: `zpm logs never` shows what it says, `zpm stop never` ends that\n/,
  );
  const { exits } = await box.json("describe", "never");
  assert.equal(exits[0].cause, "not-ready");

  const again = await box.zpm("restart", "never", "--wait");
  assert.equal(again.code, 1);
  assert.match(
    again.stderr,
    /^zpm: app 'never': it was not ready after 300 ms/,
  );
});

test("an app that is done before it was ready has failed", async (t) => {
  const box = commandLine(t);
  const file = box.write("brief.sh", "sleep 0.2");
  assert.match(
    await box.fails("start", file, "--wait-ready", "--wait"),
    /^zpm: app 'brief': it ended by exit code 0 after \d+ ms before it was ready\n$/,
  );
  assert.equal((await box.app("brief")).status, "stopped");
});

test("start --wait says when there is nothing to wait for", async (t) => {
  const box = commandLine(t);
  const file = box.write("plain.sh", "exec sleep 1000");
  assert.match(
    await box.done("start", file, "--wait"),
    /^'plain' started, pid \d+\. Nothing was waited for: it has neither a readiness probe nor waitReady\n$/,
  );
});

test("a path to watch that is not there is told at once", async (t) => {
  const box = commandLine(t);
  const file = box.write("plain.sh", "exec sleep 1000");
  const { code, stderr } = await box.zpm("start", file, "--watch=srcc");
  assert.equal(code, 0);
  assert.equal(
    stderr,
    `zpm: there is no ${box.project}/srcc yet: it is watched as soon as it comes\n`,
  );
});

test("a restart that is not ready shows its last lines", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "bad.sh",
    "test -e good && exec sleep 1000; echo no database >&2; exit 3",
  );
  box.write("good", "");
  await box.done("start", file);
  rmSync(`${box.project}/good`);
  const said = await box.fails("restart", "bad", "--wait-ready", "--wait");
  assert.match(said, /^zpm: .*exit code 3/);
  assert.match(said, /\n {2}no database\n$/);
});

test("both transports of the API can wait", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "slow.sh",
    "rm -f ready; sleep 0.2; touch ready; exec sleep 1000",
  );
  for (const pm of [box.client(), box.manager()]) {
    const config = {
      name: "slow",
      scriptPath: file,
      probe: {
        ...{ type: "exec", target: "test -e ready" },
        ...{ kind: "readiness", intervalSeconds: 0.1 },
      },
      cwd: box.project,
    };
    await assert.rejects(pm.start(config, { waitt: true }), {
      code: "ZPM_EARG",
      message: "options has no key 'waitt', only callerEnv, wait",
    });
    await pm.start(config, { wait: true });
    assert.equal((await pm.stats("slow"))[0].status, "running");
    const ended = next(pm, "exit");
    await pm.restart("slow", { wait: true });
    assert.equal((await ended).cause, "asked");
    assert.equal((await pm.stats("slow"))[0].status, "running");
    const late = {
      readyTimeout: 300,
      probe: { ...config.probe, target: "false" },
    };
    await assert.rejects(pm.restart("slow", late, { wait: true }), {
      code: "ZPM_ESTART",
    });
    await pm.delete("slow");
  }
});
