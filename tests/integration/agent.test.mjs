// agent.cjs inside real Node apps. This test plays the supervisor: it holds the
// other end of the app's IPC channel.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const agent = fileURLToPath(new URL("../../dist/agent.cjs", import.meta.url));
const question = { cmd: "NODE_ZPM_HEAP" };

/** Runs `code` under the agent; asks for the heap `asks` times. */
async function run(code, { flags = [], asks = 0, stdio = "ipc" } = {}) {
  const args = ["--require", agent, ...flags, "-e", code];
  const app = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe", stdio],
  });
  const result = { out: "", err: "", messages: [], heaps: [] };
  app.stdout.on("data", (data) => (result.out += data));
  app.stderr.on("data", (data) => (result.err += data));
  app.on("message", (message) => result.messages.push(message));
  app.on("internalMessage", (message) => {
    if (message.cmd !== question.cmd) return;
    result.heaps.push(message.used);
    if (result.heaps.length < asks) app.send(question);
  });
  if (asks > 0) app.send(question);
  [result.code, result.signal] = await once(app, "close");
  return result;
}

/** What `console.log(JSON.stringify(x))` of the app said. */
async function said(code, options) {
  const { out, err, code: exit } = await run(code, options);
  assert.equal(err, "");
  assert.equal(exit, 0);
  return JSON.parse(out);
}

test("a script without work ends by itself", async () => {
  assert.equal((await run("console.log('done')")).out, "done\n");
});

test("the heap is told as often as it is asked", async () => {
  const { heaps, code, messages } = await run("setTimeout(() => {}, 1000)", {
    asks: 3,
  });
  assert.equal(heaps.length, 3);
  for (const used of heaps) assert.ok(used > 1e6 && used < 1e9, String(used));
  assert.deepEqual(messages, []);
  assert.equal(code, 0);
});

test("an app that listens for messages never sees the question", async () => {
  const code = `
    process.on("message", (message) => console.log(JSON.stringify(message)));
    process.send("ready");
    setTimeout(() => process.disconnect(), 500);`;
  const { out, heaps, messages } = await run(code, { asks: 2 });
  assert.equal(out, "");
  assert.equal(heaps.length, 2);
  assert.deepEqual(messages, ["ready"]);
});

test("nothing of it is left in options, modules and environment", async () => {
  const code = `console.log(JSON.stringify([
    process.execArgv,
    Object.keys(require.cache),
    process.env.NODE_OPTIONS ?? null,
    process.env.NODE_CHANNEL_FD ?? null,
    process.connected,
  ]))`;
  const [options, modules, nodeOptions, fd, connected] = await said(code, {
    flags: ["--require", "node:path", "--no-warnings"],
  });
  assert.deepEqual(
    options.filter((option) => option !== code),
    ["--require", "node:path", "--no-warnings", "-e"],
  );
  assert.deepEqual(modules, []);
  assert.equal(nodeOptions, null);
  assert.equal(fd, null);
  assert.equal(connected, true);
});

test("an ES module runs under it", async () => {
  const code = `
    import { setTimeout } from "node:timers/promises";
    await setTimeout(500);
    console.log("module");`;
  const { out, heaps } = await run(code, {
    flags: ["--input-type=module"],
    asks: 1,
  });
  assert.equal(out, "module\n");
  assert.equal(heaps.length, 1);
});

test("worker threads are left alone", async () => {
  const code = `
    const { Worker } = require("node:worker_threads");
    const worker = new Worker(
      \`require("node:worker_threads").parentPort.postMessage([
        process.listenerCount("internalMessage"),
        process.execArgv.includes("--require"),
      ])\`,
      { eval: true },
    );
    worker.on("message", (seen) => console.log(JSON.stringify(seen)));`;
  assert.deepEqual(await said(code), [0, false]);
});

test("the app may close the channel, and is not troubled", async () => {
  const code = `
    process.disconnect();
    setTimeout(() => console.log(process.connected), 100);`;
  const { out, err, code: exit } = await run(code);
  assert.equal(err, "");
  assert.equal(out, "false\n");
  assert.equal(exit, 0);
});

test("a send that fails or throws does not reach the app", async () => {
  const code = `
    const answer = () => process.emit("internalMessage", { cmd: "NODE_ZPM_HEAP" });
    answer();
    process.disconnect();
    answer();
    process.memoryUsage = () => { throw new Error("odd"); };
    answer();
    setTimeout(() => console.log("fine"), 50);`;
  const { out, err } = await run(code);
  assert.equal(err, "");
  assert.equal(out, "fine\n");
});

test("without a channel it does nothing", async () => {
  const code = `console.log(JSON.stringify([
    process.send === undefined,
    process.listenerCount("internalMessage"),
  ]))`;
  assert.deepEqual(await said(code, { stdio: "ignore" }), [true, 0]);
});

test("handles can be sent and come back", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const code = `
    process.on("message", (message, handle) => {
      process.send("back", handle, () => handle.close());
    });`;
  const app = spawn(process.execPath, ["--require", agent, "-e", code], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  app.send("take", server);
  app.send(question);
  const [message, handle] = await once(app, "message");
  assert.equal(message, "back");
  handle.close();
  server.close();
  // Not before: an app that left by itself would not have taken the question.
  app.disconnect();
  await once(app, "exit");
});
