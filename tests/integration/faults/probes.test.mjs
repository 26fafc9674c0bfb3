// Probes of servers and commands that misbehave: the daemon is what it was.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { isAlive, next, processesOf, waitFor } from "../helpers.mjs";
import { assertGrowth, fault, rssOf } from "./box.mjs";

const MIB = 1024 * 1024;
const TRIES = 6;

/** What a server does with a connection. */
const MANNERS = {
  "says nothing": () => {},
  trickles: (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nX: ");
    const timer = setInterval(() => socket.write("y"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  "sends headers without end": (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(`X: ${"y".repeat(60_000)}\r\n`));
    };
    socket.write("HTTP/1.1 200 OK\r\n");
    socket.on("drain", more);
    more();
  },
  "sends garbage": (socket) => socket.end(Buffer.alloc(4096, 0xff)),
  "hangs up": (socket) => socket.destroy(),
  "sends a body without end": (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.write("HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n");
    socket.on("drain", more);
    more();
  },
};

/** Serves that way; counts its visitors. */
async function serve(t, manner) {
  const found = { visits: 0 };
  const sockets = new Set();
  const server = createServer((socket) => {
    found.visits++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
    manner(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  found.target = `http://127.0.0.1:${server.address().port}/`;
  return found;
}

const QUICK = {
  intervalSeconds: 0.1,
  timeoutSeconds: 0.3,
  failureThreshold: 1000,
};

const SLEEPER = { scriptPath: "sleep", args: ["1000"] };

/** How long a list takes in the middle, in milliseconds. */
async function listTime(box) {
  const took = [];
  for (let i = 0; i < 21; i++) {
    const began = performance.now();
    await box.ask({ cmd: "stats" });
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[10];
}

test(
  "probes: servers that hang, trickle, flood or lie cost the daemon nothing",
  fault(async (box, t) => {
    const servers = [];
    for (const manner of Object.values(MANNERS))
      servers.push(await serve(t, manner));
    const targets = [
      ...servers.map(({ target }) => target),
      "http://no-such-host.invalid/",
    ];
    await box.client.start({ name: "a", cwd: box.project, ...SLEEPER });
    const { pid } = await box.hello();
    const app = await box.row("a");
    const rest = await listTime(box);
    const probe = targets.map((target) => ({
      type: "http",
      target,
      ...QUICK,
    }));
    await box.client.restart("a", { probe });
    const first = (await box.row("a")).pid;
    await waitFor("the first tries", () =>
      servers.every(({ visits }) => visits >= 2),
    );
    const before = rssOf(pid);
    const storm = await listTime(box);
    await waitFor("more tries", () =>
      servers.every(({ visits }) => visits >= 2 + TRIES),
    );
    assertGrowth(pid, { before, most: 4 * MIB });
    assert.ok(
      storm < 10 * Math.max(rest, 2),
      `${storm} ms, at rest ${rest} ms`,
    );
    // Seven probes have one connection each at most; beside them the keeper's,
    // ours and the client's.
    const { socket } = (await box.census()).daemon;
    assert.ok(socket <= 4 + targets.length, `${socket} sockets`);
    const row = await box.row("a");
    assert.deepEqual([row.pid, row.status], [first, "running"]);
    assert.ok(row.probeFailures >= TRIES, `${row.probeFailures}`);
    assert.notEqual(app.pid, first);
  }),
);

test(
  "probes: a probe's command that forks, floods and stays is ended as a whole",
  fault(async (box) => {
    const scriptPath = box.program(
      "probe.sh",
      "#!/bin/sh\n(setsid sleep 2345 &)\nsleep 2345 &\nyes >&2 &\nyes\n",
    );
    await box.client.start({
      name: "a",
      cwd: box.project,
      ...SLEEPER,
      probe: { type: "exec", target: scriptPath, ...QUICK },
    });
    const { pid } = await box.hello();
    const app = (await box.row("a")).pid;
    const left = (words) =>
      processesOf(box.home).filter(({ command }) => words.test(command));
    const failures = async (count) =>
      waitFor(`${count} tries`, async () => {
        assert.ok(left(/^sleep 2345/).length <= 2, "tries must not pile up");
        return (await box.row("a")).probeFailures >= count;
      });
    await failures(2);
    const before = rssOf(pid);
    await failures(5);
    assertGrowth(pid, { before, most: 4 * MIB });
    assert.equal((await box.row("a")).pid, app);
    await box.client.stop("a");
    assert.deepEqual(left(/sleep 2345|probe\.sh|^yes/), []);
    assert.ok(!isAlive(app));
  }),
);

test(
  "probes: what fails its probe for good is restarted, counted, and told why",
  fault(async (box, t) => {
    const silent = await serve(t, MANNERS["says nothing"]);
    await box.client.subscribe(["exit"]);
    const ended = next(box.client, "exit");
    await box.client.start({
      name: "a",
      cwd: box.project,
      ...SLEEPER,
      immediateCrash: "retry",
      minBackoff: 20,
      maxBackoff: 20,
      probe: {
        type: "http",
        target: silent.target,
        ...QUICK,
        failureThreshold: 2,
      },
    });
    assert.equal((await ended).cause, "unhealthy");
    await waitFor("another try", async () => {
      const row = await box.row("a");
      return row.restartCount >= 2 && row.status === "running";
    });
    const { exits, lastError } = await box.client.describe("a");
    assert.match(
      exits[0].reason ?? lastError,
      /probe http:.* failed 2 times in a row: .*0\.3 s|300 ms/,
    );
  }),
);
