// V8's structured clone, which zpm speaks with workers on an "advanced" IPC
// channel: the Node that runs this understands the bytes of
// tests/vectors/v8.ndjson as the C code, which reads and writes them, does.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import { runInThisContext } from "node:vm";

const file = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

const VECTORS = readFileSync(file("vectors/v8.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

const written = VECTORS.filter((vector) => vector.written);

function bytesOf({ bytes }) {
  return Buffer.from(bytes, "hex");
}

// Not the bytes that this Node writes: which of its strings are UTF-16 without
// need depends on what else runs in it.
test("this Node reads what zpm was shown", () => {
  for (const vector of VECTORS) {
    if (vector.js === undefined) continue;
    const value = runInThisContext(`(${vector.js})`);
    assert.deepEqual(v8.deserialize(bytesOf(vector)), value, vector.js);
  }
});

test("this Node reads what zpm writes", () => {
  for (const vector of written)
    assert.deepEqual(v8.deserialize(bytesOf(vector)), vector.becomes);
});

test("this Node reads what zpm writes of broken UTF-8", () => {
  assert.equal(v8.deserialize(Buffer.from("ff0d5301e9", "hex")), "\ufffd");
});

function frame(message) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

async function* messages(stream) {
  let read = Buffer.alloc(0);
  for await (const bytes of stream) {
    read = Buffer.concat([read, bytes]);
    while (read.length >= 4 && read.length >= 4 + read.readUInt32BE()) {
      const end = 4 + read.readUInt32BE();
      yield read.subarray(4, end);
      read = read.subarray(end);
    }
  }
}

/** The zpm of this test: it holds the other end of the app's channel. */
async function echoes(sent) {
  const app = spawn(process.execPath, [file("fixtures/echo.js")], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    env: {
      ...process.env,
      NODE_CHANNEL_FD: "3",
      NODE_CHANNEL_SERIALIZATION_MODE: "advanced",
    },
  });
  const exit = once(app, "exit");
  const channel = app.stdio[3];
  const received = [];
  channel.write(Buffer.concat(sent.map(frame)));
  for await (const message of messages(channel)) {
    received.push(v8.deserialize(message));
    if (received.length === sent.length) break;
  }
  channel.destroy(); // an app without its channel ends
  await exit;
  return received;
}

test("an app understands what zpm writes", { timeout: 60_000 }, async () => {
  // A message of node:cluster would not come to the app.
  const plain = written.filter(({ becomes }) => !becomes?.cmd);
  const received = await echoes(plain.map(bytesOf));
  assert.deepEqual(
    received,
    plain.map(({ becomes }) => becomes),
  );
});
