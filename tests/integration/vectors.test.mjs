// The vectors that the C tests run, over both transports: the daemon's socket,
// and a manager in this process. Both must say the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import binary from "../../dist/binary.js";
import addon from "../../dist/native.js";
import { commandLine } from "./cli.mjs";
import { root, within } from "./helpers.mjs";

/** Without the empty line, which a socket passes over. */
function requests() {
  return vectors("requests").filter(({ line }) => line !== "");
}

function vectors(name) {
  return readFileSync(join(root, "tests", "vectors", `${name}.ndjson`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** As the lines stand in the file: JSON.parse would lose a doubled key. */
function rawConfigs() {
  return readFileSync(join(root, "tests", "vectors", "configs.ndjson"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.match(/^\{"config":(.*),"(?:ok|code)":/)[1]);
}

async function throughSocket(t) {
  const box = commandLine(t);
  await box.done("start-daemon");
  return async (line) => {
    const wire = box.wire();
    wire.send(`${line}\n`);
    const reply = await wire.next();
    wire.close();
    return reply;
  };
}

async function throughManager(t) {
  const { Manager, Peer } = addon.native();
  let manager;
  // Before the sandbox looks for what is left: hooks run in this order.
  t.after(() => new Promise((closed) => manager.close(closed)));
  manager = new Manager({
    home: join(commandLine(t).home, "manager"),
    keeperPath: binary.keeperPath(),
  });
  return (line) => {
    let peer;
    const reply = new Promise((resolve) => {
      peer = new Peer(manager, (lines) =>
        resolve(JSON.parse(lines.split("\n")[0])),
      );
      peer.ref();
      peer.send(line);
    });
    return within(line, reply).finally(() => peer.close());
  };
}

const transports = { socket: throughSocket, manager: throughManager };

function assertRefused(reply, { code, says, id }, what) {
  assert.equal(reply.ok, false, what);
  assert.equal(reply.code, code, `${what}: ${reply.error}`);
  assert.equal(reply.id, id, what);
  if (says !== undefined)
    assert.ok(reply.error.includes(says), `${what}: ${reply.error}`);
}

/** What a valid request may still be refused for: there are no such apps. */
const NOT_THE_PARSER = [undefined, "ZPM_ENOAPP", "ZPM_ECONFIG", "ZPM_EARG"];

for (const [name, open] of Object.entries(transports)) {
  test(`requests through the ${name}`, async (t) => {
    const ask = await open(t);
    for (const vector of requests()) {
      const { line, ok, cmd, id } = vector;
      if (cmd === "shutdown") continue; // ends what we talk to
      const reply = await ask(line);
      if (!ok) {
        assertRefused(reply, vector, line);
        continue;
      }
      assert.equal(reply.id, id, line);
      assert.ok(NOT_THE_PARSER.includes(reply.code), `${line}: ${reply.code}`);
      if (cmd === "ping") assert.equal(reply.data, "pong", line);
    }
  });

  test(`configs through the ${name}`, async (t) => {
    const ask = await open(t);
    const raw = rawConfigs();
    for (const [i, vector] of vectors("configs").entries()) {
      const add = (config) => ask(`{"cmd":"add-worker","config":${config}}`);
      const reply = await add(raw[i]);
      if (!vector.ok) {
        // What is no object is not even a config to the request.
        const isObject = raw[i].startsWith("{");
        const expected = isObject ? vector : { code: "ZPM_EARG" };
        assertRefused(reply, expected, raw[i]);
        continue;
      }
      assert.equal(reply.ok, true, `${raw[i]}: ${reply.error}`);
      const who = { name: vector.becomes.name, showEnv: true };
      const { data } = await ask(
        JSON.stringify({ cmd: "find-worker", ...who }),
      );
      assert.deepEqual(data, vector.becomes);
      await ask(JSON.stringify({ cmd: "delete", name: who.name }));
    }
    assert.deepEqual((await ask('{"cmd":"list"}')).data, []);
  });
}

test("both refuse in the same words", async (t) => {
  const [socket, manager] = [await throughSocket(t), await throughManager(t)];
  for (const { line, ok } of requests()) {
    if (ok) continue;
    assert.deepEqual(await manager(line), await socket(line), line);
  }
});
