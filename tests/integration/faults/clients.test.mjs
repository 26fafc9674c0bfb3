// Clients that do not read, do not speak, speak for ever, or go away.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";

import { fixture, waitFor, within } from "../helpers.mjs";
import { assertGrowth, fault, rssOf } from "./box.mjs";

const MIB = 1024 * 1024;

test(
  "30: a reader that stands still costs bounded memory, and nobody else's time",
  fault(async (box) => {
    const { pid } = await box.hello();
    const before = rssOf(pid);
    const deaf = box.wire();
    await deaf.ask({ cmd: "subscribe", topics: ["app", "exit", "log"] });
    deaf.socket.pause();
    const text = `${"x".repeat(1023)}\n`;
    await box.client.start({
      name: "loud",
      scriptPath: box.program(
        "loud.sh",
        `#!/bin/sh\nyes '${text.trim()}' | head -c 104857600\nexec sleep 1000\n`,
      ),
      cwd: box.project,
      logs: { maxSizeBytes: 8 * MIB, maxFiles: 1 },
    });
    let most = 0;
    await waitFor("100 MiB of output", async () => {
      await within("others to be answered", box.client.list());
      most = Math.max(most, rssOf(pid));
      return (await box.row("loud")).processes === 1 && quiet(box.logFile);
    });
    assertGrowth(pid, { before, now: most, most: 32 * MIB });

    // What it missed is said, when it reads again.
    deaf.socket.resume();
    let event;
    do event = await deaf.next();
    while (event && event.event !== "lag");
    assert.ok(event?.data.dropped > 50 * MIB, JSON.stringify(event));
    deaf.close();
  }),
);

/** Whether its file has been the same size for a moment.  While it is rotated
 * there is none. */
function quiet(logFile) {
  const size = statSync(logFile("loud"), { throwIfNoEntry: false })?.size ?? 0;
  const same = size > 0 && size === quiet.last;
  quiet.last = size;
  return same;
}

test(
  "31: a request without an end costs bounded memory, and its connection alone",
  fault(async (box) => {
    const { pid } = await box.hello();
    const before = rssOf(pid);
    const wires = Array.from({ length: 20 }, () => box.wire());
    for (const wire of wires) wire.send(`{"cmd":"${"x".repeat(900_000)}`);
    const idle = box.wire();
    idle.send('{"cmd":');
    await box.client.list();
    for (const wire of wires) wire.send("x".repeat(200_000));
    for (const wire of wires)
      assert.equal((await wire.next())?.code, "ZPM_ETOOLONG");
    for (const wire of wires) await wire.end();
    assertGrowth(pid, { before, most: 48 * MIB });
    idle.send('"ping"}\n');
    assert.equal((await idle.next()).data, "pong");
    idle.close();
  }),
);

test(
  "32: 1100 clients that connect and say nothing keep nobody out",
  fault(async (box) => {
    await box.client.start({
      name: "witness",
      scriptPath: "sleep",
      args: ["1000"],
      cwd: box.project,
    });
    const crowd = Array.from({ length: 1100 }, () => box.wire());
    for (let i = 0; i < 20; i++)
      assert.equal((await box.row("witness")).status, "running");
    for (const wire of crowd.splice(0, 200)) wire.close();
    // Who came too late has been told why, or is served now.
    const last = await crowd.at(-1).ask({ cmd: "ping" });
    if (last?.ok === false) assert.match(last.error, /1024/);
    else assert.equal(last?.data, "pong");
    for (const wire of crowd) wire.close();
  }),
);

test(
  "33: what a client asked for is done, also when it has gone",
  fault(async (box) => {
    const ask = (request) => {
      const wire = box.wire();
      wire.socket.write(`${JSON.stringify(request)}\n`, () => wire.close());
    };
    const config = {
      name: "a",
      scriptPath: fixture("forever.js"),
      cwd: box.project,
    };
    ask({ cmd: "start", config });
    const { pid } = await box.until("a", "running");
    ask({ cmd: "restart", name: "a" });
    await waitFor("another process", async () => {
      const row = await box.row("a");
      return row.status === "running" && row.pid !== pid;
    });
    ask({ cmd: "stop", name: "a" });
    await box.until("a", "stopped");
    const text = readFileSync(`${box.folder}/daemon.log`, "utf8");
    assert.doesNotMatch(text, /SIGPIPE|EPIPE|broken pipe/i);
  }),
);
