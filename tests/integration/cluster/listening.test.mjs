// What workers may listen on, and what becomes of it: as with Node's own
// primary.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { freePort, isAlive, waitFor } from "../helpers.mjs";
import {
  closed,
  cluster,
  freePorts,
  RETRY,
  signal,
  tryConnect,
} from "./means.mjs";

const hasIPv6 = async () => {
  const server = createServer().listen(0, "::1");
  const works = await Promise.race([
    once(server, "listening").then(() => true),
    once(server, "error").then(() => false),
  ]);
  server.close();
  return works;
};

/** Starts listens.js; waits until that many notes of `event` are there. */
async function listen(box, servers, event, count) {
  await box.start("listens.js", { args: [JSON.stringify(servers)] });
  return box.noted(event, count);
}

cluster("both workers answer on one port", async (box) => {
  await box.up("web.js");
  const pids = await box.running(2);
  assert.deepEqual(
    box
      .notes("listening")
      .map(({ pid }) => pid)
      .sort(),
    [...pids.sort()],
  );
  await box.answeredBy(pids);
});

cluster(
  "requests are spread over the workers",
  async (box) => {
    await box.up("web.js");
    const load = box.load({ clients: 4 }).start();
    await load.more(100);
    await load.stop();
    load.assertFlawless();
    const shares = [...load.by.values()];
    assert.equal(shares.length, 2, `${[...load.by]}`);
    assert.ok(Math.min(...shares) > load.ok / 4, `${shares}`);
  },
  { but: ["shared", "reuseport"] },
);

cluster("listen(0) twice: two ports, the same in both workers", async (box) => {
  const servers = [0, 1].map(() => ({ port: 0, host: "127.0.0.1" }));
  const notes = await listen(box, servers, "listening", 4);
  const pids = await box.pids();
  const ports = [0, 1].map((server) => {
    const own = notes.filter((note) => note.server === server);
    assert.deepEqual(own.map(({ pid }) => pid).sort(), [...pids].sort());
    assert.equal(own[0].address.port, own[1].address.port);
    return own[0].address.port;
  });
  assert.notEqual(ports[0], ports[1]);
  for (const port of ports) await box.answeredBy(pids, { port });
  await box.done("stop", "web");
  for (const port of ports)
    await waitFor("the end of the port", () => closed({ port }));
});

cluster("a path instead of a port, unlinked with the app", async (box) => {
  const path = join(box.home, "web.sock");
  await listen(box, [{ path }], "listening", 2);
  const pids = await box.running(2);
  await box.answeredBy(pids, { socketPath: path });
  await box.done("restart", "web");
  await box.noted("listening", 4);
  await box.answeredBy(await box.running(2), { socketPath: path });
  await box.done("stop", "web");
  await waitFor("the end of the socket", () => !existsSync(path));
});

cluster("a path is kept while a worker crashes", async (box) => {
  const path = join(box.home, "web.sock");
  const args = [JSON.stringify([{ path }])];
  await box.up("listens.js", { args, flags: RETRY });
  signal(await box.running(2), "SIGKILL");
  await box.ask({ socketPath: path });
  await box.noted("listening", 4);
  await box.answeredBy(await box.running(2), { socketPath: path });
});

cluster("two servers of one worker", async (box) => {
  const other = await freePort();
  const servers = [box.port, other].map((port) => ({
    port,
    host: "127.0.0.1",
  }));
  await listen(box, servers, "listening", 4);
  const pids = await box.running(2);
  await box.answeredBy(pids);
  await box.answeredBy(pids, { port: other });
  await box.done("stop", "web");
  await waitFor("the end of the port", () => closed({ port: other }));
});

cluster("an entry that is a module", async (box) => {
  await box.up("module.mjs");
  assert.ok(box.notes("listening").every(({ isWorker }) => isWorker));
  await box.answeredBy(await box.running(2));
});

cluster("127.0.0.1 alone", async (box) => {
  const notes = await listen(
    box,
    [{ port: box.port, host: "127.0.0.1" }],
    "listening",
    2,
  );
  for (const { address } of notes) {
    assert.equal(address.address, "127.0.0.1");
    assert.equal(address.port, box.port);
    assert.match(String(address.family), /^(IPv)?4$/);
  }
  await box.answeredBy(await box.running(2));
  if (await hasIPv6()) assert.ok(await closed({ port: box.port, host: "::1" }));
});

cluster("a name instead of an address", async (box) => {
  await listen(box, [{ port: box.port, host: "localhost" }], "listening", 2);
  await box.answeredBy(await box.running(2), { host: "localhost" });
});

cluster("::1 with ipv6Only", async (box, t) => {
  if (!(await hasIPv6())) return t.diagnostic("this machine has no IPv6");
  const options = { port: box.port, host: "::1", ipv6Only: true };
  const notes = await listen(box, [options], "listening", 2);
  for (const { address } of notes) assert.equal(address.address, "::1");
  await box.answeredBy(await box.running(2), { host: "::1" });
  assert.ok(await closed({ port: box.port }));
});

cluster(":: with ipv6Only leaves IPv4 to others", async (box, t) => {
  if (!(await hasIPv6())) return t.diagnostic("this machine has no IPv6");
  const options = { port: box.port, host: "::", ipv6Only: true };
  await listen(box, [options], "listening", 2);
  await box.answeredBy(await box.running(2), { host: "::1" });
  assert.ok(await closed({ port: box.port }));
});

for (const [what, host] of [
  ["::", "::"],
  ["no address", undefined],
])
  cluster(`${what}: clients of both families`, async (box, t) => {
    await listen(box, [{ port: box.port, host }], "listening", 2);
    const pids = await box.running(2);
    await box.answeredBy(pids, { host: "127.0.0.1" });
    if (await hasIPv6()) await box.answeredBy(pids, { host: "::1" });
    else t.diagnostic("this machine has no IPv6");
  });

cluster("exclusive: the second worker gets EADDRINUSE", async (box) => {
  const options = { port: box.port, host: "127.0.0.1", exclusive: true };
  await listen(box, [options], "listening", 1);
  const [error] = await box.noted("error", 1);
  assert.equal(error.code, "EADDRINUSE");
  const [{ pid }] = box.notes("listening");
  assert.notEqual(error.pid, pid);
  for (let i = 0; i < 4; i++) assert.equal((await box.ask()).pid, pid);
});

// Where Node has it the workers share the port by themselves; an older one
// takes no notice.
cluster("reusePort: both listen", async (box) => {
  const options = { port: box.port, host: "127.0.0.1", reusePort: true };
  const notes = await listen(box, [options], "listening", 2);
  assert.notEqual(notes[0].pid, notes[1].pid);
  await box.answeredBy(await box.running(2));
  assert.deepEqual(box.notes("error"), []);
});

cluster("a descriptor of the supervisor is not to be had", async (box) => {
  const fds = [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1000];
  const servers = fds.map((fd) => ({ fd }));
  const notes = await listen(box, servers, "error", 2 * fds.length);
  assert.deepEqual(box.notes("listening"), []);
  for (const { server, code } of notes)
    assert.equal(code, "EBADF", `descriptor ${fds[server]}`);
  await box.running(2);
});

cluster("the same port twice in one worker: EADDRINUSE", async (box) => {
  const options = { port: box.port, host: "127.0.0.1" };
  await listen(box, [options, options], "listening", 2);
  const errors = await box.noted("error", 2);
  for (const { server, code, port } of errors)
    assert.deepEqual([server, code, port], [1, "EADDRINUSE", box.port]);
  assert.ok(box.notes("listening").every(({ server }) => server === 0));
  await box.answeredBy(await box.running(2));
});

cluster("a port in use: EADDRINUSE of bind", async (box, t) => {
  const port = await freePort();
  const stranger = createServer((socket) => socket.end()).listen(
    port,
    "127.0.0.1",
  );
  await once(stranger, "listening");
  t.after(() => stranger.close());
  const options = { port, host: "127.0.0.1" };
  const errors = await listen(box, [options], "error", 2);
  for (const { code, syscall, port: named } of errors)
    assert.deepEqual([code, syscall, named], ["EADDRINUSE", "bind", port]);
  assert.deepEqual(box.notes("listening"), []);
  assert.equal(await tryConnect({ port }), "open");
});

cluster("an address that is not ours: EADDRNOTAVAIL of bind", async (box) => {
  const options = { port: box.port, host: "192.0.2.1" };
  const errors = await listen(box, [options], "error", 2);
  for (const { code, syscall } of errors)
    assert.deepEqual([code, syscall], ["EADDRNOTAVAIL", "bind"]);
});

cluster("a datagram socket is shared", async (box, t) => {
  await box.up("udp.js");
  const pids = await box.running(2);
  const client = createSocket("udp4");
  t.after(() => client.close());
  const answers = [];
  client.on("message", (text) => answers.push(Number(text)));
  await waitFor("answers", () => {
    client.send("who?", box.port, "127.0.0.1");
    return answers.length >= 10;
  });
  for (const pid of answers) assert.ok(pids.includes(pid), `${pid}`);
  // It outlives a worker, too.
  process.kill(answers[0], "SIGKILL");
  await waitFor("its end", () => !isAlive(answers[0]));
  const before = answers.length;
  await waitFor("answers of the other", () => {
    client.send("who?", box.port, "127.0.0.1");
    return answers.slice(before).some((pid) => pid !== answers[0]);
  });
});

cluster("exit right after listen(): no harm, and no port", async (box) => {
  await box.done("start-daemon");
  const daemon = await box.daemonPid();
  await box.start("hasty.js");
  await box.noted("start", 2);
  const row = await waitFor("the end of the app", async () => {
    const found = await box.app("web");
    return found.status === "stopped" && found;
  });
  assert.equal(row.lastExitCode, 0);
  assert.ok(row.workers.every(({ pid }) => pid === null));
  await waitFor("the port to be closed", () => closed({ port: box.port }));
  assert.equal(await box.daemonPid(), daemon);
});

cluster("a server closed in all workers closes the port", async (box) => {
  await box.up("closes.js");
  const pids = await box.running(2);
  // By one of them: the other goes on.
  signal([pids[0]], "SIGUSR2");
  await box.noted("closed", 1);
  for (let i = 0; i < 8; i++) assert.equal((await box.ask()).pid, pids[1]);
  signal([pids[1]], "SIGUSR2");
  await box.noted("closed", 2);
  await waitFor("the port to be closed", () => closed({ port: box.port }));
  assert.deepEqual(await box.pids(), pids);
  assert.ok(pids.every(isAlive));
  // The port is free; and is theirs again when they want it.
  signal(pids, "SIGUSR2");
  await box.noted("listening", 4);
  await box.answeredBy(pids);
});

cluster("stop closes the port, start opens it again", async (box) => {
  await box.up("web.js");
  await box.ask();
  await box.done("stop", "web");
  assert.ok(await closed({ port: box.port }), "when the command returns");
  await box.done("start", "web");
  await box.noted("listening", 4);
  await box.answeredBy(await box.running(2));
});

cluster("with port in the config it is the app's own", async (box) => {
  const flags = ["--port", box.port, "--wait"];
  await box.up("web.js", { flags });
  const pids = await box.running(2);
  await box.done("restart", "web");
  await box.noted("listening", 4);
  const renewed = await box.running(2);
  assert.ok(renewed.every((pid) => !pids.includes(pid)));
  await box.answeredBy(renewed);
});

const INSPECTED = {
  "--inspect=0": () => ({ flags: ["--interpreter-arg=--inspect=0"] }),
  "--inspect": (base) => ({
    flags: [`--interpreter-arg=--inspect=127.0.0.1:${base}`],
  }),
  "--inspect in NODE_OPTIONS": (base) => ({
    env: { NODE_OPTIONS: `--inspect=127.0.0.1:${base}` },
  }),
};

for (const [what, options] of Object.entries(INSPECTED))
  cluster(`${what}: an inspector for each worker`, async (box) => {
    await box.up("inspected.js", options(await freePorts()));
    const urls = box.notes("listening").map(({ inspector }) => inspector);
    const ports = urls.map((url) => url && new URL(url).port);
    assert.ok(ports[0] && ports[1] && ports[0] !== ports[1], `${urls}`);
    await box.answeredBy(await box.running(2));
  });
