// What comes over the socket, however odd, is answered or ends that connection,
// and nobody else notices.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";

async function withDaemon(t) {
  const box = commandLine(t);
  await box.done("start", "sleep", "--name", "witness", "--", "1000");
  const { pid } = await box.app("witness");
  const daemon = (await box.json("ping")).pid;
  /** The app and the daemon are what they were. */
  const unharmed = async () => {
    assert.equal((await box.json("ping")).pid, daemon);
    const app = await box.app("witness");
    assert.deepEqual([app.pid, app.status], [pid, "running"]);
  };
  return { ...box, unharmed };
}

test("garbage is answered by one error, and the end", async (t) => {
  const box = await withDaemon(t);
  for (const [text, code] of [
    ["hello\n", "ZPM_EPROTO"],
    ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "ZPM_EPROTO"],
    ["\x00\x01\x02\xff\n", "ZPM_EPROTO"],
    ["[]\n", "ZPM_EPROTO"],
    ['{"cmd":"ping"\n', "ZPM_EPROTO"],
    [`${"[".repeat(100_000)}\n`, "ZPM_EPROTO"],
    [`{"cmd":"${"x".repeat(1 << 20)}"}\n`, "ZPM_ETOOLONG"],
    ["y".repeat(3 << 20), "ZPM_ETOOLONG"],
  ]) {
    const wire = box.wire();
    wire.send(text);
    const reply = await wire.next();
    const shown = text.slice(0, 40);
    assert.equal(reply?.code, code, shown);
    assert.equal(await wire.next(), undefined, shown);
  }
  await box.unharmed();
});

test("a wrong request is answered, and the connection stays", async (t) => {
  const box = await withDaemon(t);
  const wire = box.wire();
  for (const [request, code] of [
    [{ id: 1, cmd: "stopp", name: "witness" }, "ZPM_ECOMMAND"],
    [{ id: 2, cmd: "stop", name: "witness", force: true }, "ZPM_EARG"],
    [{ id: 3, cmd: "stop", name: ["witness"] }, "ZPM_EARG"],
    [{ id: 4, cmd: "stop" }, "ZPM_EARG"],
    [{ id: 5, cmd: "stop", name: "witnes" }, "ZPM_ENOAPP"],
    [
      { id: 6, cmd: "restart", name: "witness", config: { prot: 1 } },
      "ZPM_ECONFIG",
    ],
    [{ id: 7, cmd: "logs", name: "witness", lines: -1 }, "ZPM_EARG"],
    [{ id: 8, cmd: "subscribe", topics: ["nothing"] }, "ZPM_EARG"],
  ]) {
    const reply = await wire.ask(request);
    assert.equal(reply.id, request.id);
    assert.equal(reply.ok, false);
    assert.equal(reply.code, code, reply.error);
  }
  assert.deepEqual(await wire.ask({ id: 9, cmd: "ping" }), {
    ...{ id: 9, ok: true, data: "pong" },
  });
  await box.unharmed();
});

test("lines may come in pieces, many at once, or half", async (t) => {
  const box = await withDaemon(t);
  const wire = box.wire();
  for (const letter of '{"id":1,"cmd":"ping"}\n') wire.send(letter);
  assert.equal((await wire.next()).id, 1);
  const ids = Array.from({ length: 2000 }, (_, i) => i);
  wire.send(ids.map((id) => `{"id":${id},"cmd":"ping"}\n`).join(""));
  for (const id of ids) assert.equal((await wire.next()).id, id);

  const half = box.wire();
  half.socket.end('{"id":1,"cmd":"ping"}\n{"id":2,"cmd":"delete","name":"wit');
  assert.equal((await half.next()).id, 1);
  const last = await half.next();
  assert.ok(last === undefined || last.ok === false, JSON.stringify(last));
  await half.end();
  await box.unharmed();
});

test("a client that stops sending still gets its replies", async (t) => {
  const box = await withDaemon(t);
  const wire = box.wire();
  wire.socket.end(
    '{"id":1,"cmd":"restart","name":"witness"}\n{"id":2,"cmd":"list"}\n',
  );
  const replies = [await wire.next(), await wire.next()];
  assert.deepEqual(replies.map(({ id }) => id).sort(), [1, 2]);
  assert.ok(replies.every(({ ok }) => ok));
  await wire.end();
});

test("300 idle clients and some that never read hold nobody up", async (t) => {
  const box = await withDaemon(t);
  const idle = Array.from({ length: 300 }, () => box.wire());
  await idle.at(-1).ask({ cmd: "ping" });
  for (let i = 0; i < 3; i++) {
    const deaf = box.wire();
    deaf.socket.pause();
    deaf.send('{"cmd":"subscribe","topics":["app","exit","log"]}\n');
    deaf.send('{"cmd":"stats"}\n'.repeat(20_000));
  }
  for (let i = 0; i < 10; i++) await box.json("list");
  await box.done("start", "yes", "--log-max-size", "256K", "--name", "loud");
  for (let i = 0; i < 10; i++) await box.json("stats");
  await box.done("delete", "loud");
  await box.unharmed();
  assert.ok(idle.every(({ closed }) => !closed));
  for (const wire of idle) wire.close();
});

test("clients that vanish in the middle leave nothing", async (t) => {
  const box = await withDaemon(t);
  for (let i = 0; i < 50; i++) {
    const wire = box.wire();
    wire.send(
      `{"cmd":"logs","name":"witness"}\n{"cmd":"stats"}\n{"cmd":"resta`,
    );
    if (i % 2 === 0) await wire.next();
    wire.close();
  }
  await box.unharmed();
});
