// Programs that crash, over and over, and all at once.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { instrumented } from "../cli.mjs";
import { fixture, next, waitFor } from "../helpers.mjs";
import { fault } from "./box.mjs";

/** With sanitizers each write of the state takes a while. */
const LOOPERS = instrumented ? 100 : 500;
const LOOKS = 21;

/** The middle of how long it takes, in milliseconds. */
async function median(times, action) {
  const took = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await action(i);
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[times >> 1];
}

/** Lines of daemon.log that are about this app. */
function linesOf(box, name) {
  const text = readFileSync(join(box.folder, "daemon.log"), "utf8");
  return text.split("\n").filter((line) => line.includes(`'${name}'`));
}

/** What `list` and the start of a quiet app take while things are as they are. */
async function measure(box, quiet) {
  const list = await median(LOOKS, () => box.ask({ cmd: "stats" }));
  const start = await median(5, async () => {
    await box.client.start({ ...quiet });
    await box.client.delete(quiet.name);
  });
  return { list, start };
}

test(
  "25: many apps that crash at once hold nobody up, and each gets its turns",
  fault(async (box) => {
    const cwd = box.project;
    const looper = (i) => ({
      name: `looper-${i}`,
      scriptPath: "/bin/false",
      cwd,
      immediateCrash: "retry",
      minBackoff: 10,
      maxBackoff: 100,
    });
    const quiet = { name: "quiet", scriptPath: "sleep", args: ["1000"], cwd };
    for (let i = 0; i < LOOPERS; i++)
      await box.client.addWorker(looper(i), { autoStart: false });
    const rest = await measure(box, quiet);

    const configs = Array.from({ length: LOOPERS }, (_, i) => looper(i));
    await box.ask({ cmd: "start-many", configs });
    let storm = await measure(box, quiet);
    const slow = (what) => storm[what] >= 10 * Math.max(rest[what], 2);
    // The machine has other work as well, so one good measure of five will do.
    for (let i = 1; i < 5 && (slow("list") || slow("start")); i++)
      storm = await measure(box, quiet);

    // The host's budget is for restarts; nobody waits for a third turn while
    // another waits for the first.
    let rows;
    await waitFor("a turn of everybody", async () => {
      rows = (await box.client.stats()).filter((row) => row.name !== "quiet");
      return rows.every((row) => row.totalRestarts >= 1);
    });
    const turns = rows.map((row) => row.totalRestarts);
    assert.ok(
      Math.max(...turns) <= Math.min(...turns) + 2,
      `somebody had ${Math.max(...turns)} turns, another ${Math.min(...turns)}`,
    );
    for (const what of ["list", "start"])
      assert.ok(
        !slow(what),
        `${what}: ${storm[what]} ms, at rest ${rest[what]} ms`,
      );
    const lines = linesOf(box, "looper-7");
    assert.ok(lines.length <= 4, lines.join("\n"));
  }),
);

test(
  "25: a loop is told in ever fewer lines",
  fault(async (box) => {
    await box.client.start({
      name: "loop",
      scriptPath: "/bin/false",
      cwd: box.project,
      immediateCrash: "retry",
      minBackoff: 0,
      maxBackoff: 0,
    });
    const row = await waitFor("60 crashes", async () => {
      const found = await box.row("loop");
      return found.restartCount >= 60 && found;
    });
    await box.client.stop("loop");
    const lines = linesOf(box, "loop");
    const most = 2 + Math.ceil(Math.log2(row.restartCount + 20));
    assert.ok(lines.length >= 2 && lines.length <= most, lines.join("\n"));
    assert.match(lines.at(-1), /crash \d+ in a row/);
  }),
);

test(
  "26: a crash loop after a long good time is met as one at the beginning",
  fault(async (box) => {
    const seen = join(box.project, "seen");
    // The first run is stable (5 s), all others die at once.
    const scriptPath = box.program(
      "spoilt.sh",
      `#!/bin/sh\n[ -e ${seen} ] && exit 3\ntouch ${seen}\nsleep 5.5\nexit 3\n`,
    );
    const exits = [];
    await box.client.subscribe(["exit"]);
    box.client.on("exit", (event) => exits.push(event));
    await box.client.start({
      name: "spoilt",
      scriptPath,
      cwd: box.project,
      minBackoff: 40,
      maxBackoff: 160,
    });
    const row = await waitFor("four crashes in a row", async () => {
      const found = await box.row("spoilt");
      return found.restartCount >= 4 && found.status === "crashed" && found;
    });
    // A build that has been good gets its backoff, at its longest by now.
    assert.ok(row.nextTryIn <= 160, `${row.nextTryIn}`);
    assert.equal(row.lastExitCode, 3);
    await waitFor("its exits", () => exits.length >= 4);
    assert.ok(exits[0].uptime >= 5000);
    const store = await box.client.getStore();
    assert.equal(store[0].backoffTime, 160);
    await box.client.stop("spoilt");
  }),
);

test(
  "27: an end that looks good is counted if it must not end",
  fault(async (box) => {
    await box.client.start({
      name: "done",
      scriptPath: "/bin/true",
      cwd: box.project,
      autorestart: "always",
      immediateCrash: "retry",
      minBackoff: 20,
      maxBackoff: 80,
    });
    const row = await waitFor("it to be counted", async () => {
      const found = await box.row("done");
      return found.restartCount >= 4 && found.status === "crashed" && found;
    });
    assert.equal(row.lastExitCode, 0);
    assert.equal((await box.client.getStore())[0].backoffTime, 80);
    const { exits } = await box.client.describe("done");
    assert.ok(exits.every((one) => one.code === 0 && one.cause === "itself"));
  }),
);

test(
  "27: an app that is ready and then dies has crashed all the same",
  fault(async (box) => {
    const scriptPath = box.program(
      "brief.js",
      "process.send('ready', () => setTimeout(() => process.exit(4), 100));\n",
    );
    const config = {
      name: "brief",
      scriptPath,
      cwd: box.project,
      waitReady: true,
      immediateCrash: "retry",
      minBackoff: 50,
      maxBackoff: 50,
    };
    await box.client.start(config, { wait: true });
    const row = await waitFor("two crashes", async () => {
      const found = await box.row("brief");
      return found.restartCount >= 2 && found;
    });
    assert.equal(row.lastExitCode, 4);
    await box.client.stop("brief");

    // One that dies at once is a build error, ready or not.
    await box.client.delete("brief");
    await box.client.start({ ...config, immediateCrash: "auto" });
    await box.until("brief", "errored");
  }),
);

test(
  "28: an app that never becomes ready is ended, says so, and is tried again",
  fault(async (box) => {
    await box.client.subscribe(["exit"]);
    const ended = next(box.client, "exit");
    const start = box.client.start(
      {
        name: "mute",
        scriptPath: fixture("forever.js"),
        cwd: box.project,
        waitReady: true,
        readyTimeout: 400,
        immediateCrash: "retry",
        minBackoff: 50,
        maxBackoff: 50,
      },
      { wait: true },
    );
    await assert.rejects(start, /not.* ready/);
    assert.equal((await ended).cause, "not-ready");
    await waitFor("the next try", async () => {
      const found = await box.row("mute");
      return found.restartCount >= 2 && found.status === "starting";
    });
    const { exits, lastError } = await box.client.describe("mute");
    assert.match(exits[0].reason ?? lastError, /ready/);
  }),
);
