// The two programs that the API was designed by.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { ProcessManager, WorkerMode, ZPMClient } from "@zuzjs/pm";

import {
  fixture,
  freePort,
  isAlive,
  root,
  sandbox,
  waitFor,
  within,
} from "./helpers.mjs";
import { spawn } from "node:child_process";

function accepts(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

test("a program that uses the daemon", async (t) => {
  sandbox(t);
  const port = await freePort();
  const pm = new ZPMClient();
  t.after(() => pm.close());

  await pm.ensureDaemon();
  await pm.start({
    name: "api",
    scriptPath: fixture("port.js"),
    port,
    mode: WorkerMode.Fork,
    instances: 1,
    devMode: false,
    env: { LOG_LEVEL: "debug" },
    killTimeout: 5000,
    maxBackoff: 16000,
  });
  await waitFor("the app's port", () => accepts(port));

  const stats = await pm.stats("api");
  assert.equal(stats.length, 1);
  const { name, status, pid, mode, instances } = stats[0];
  assert.deepEqual(
    { name, status, mode, instances },
    { name: "api", status: "running", mode: "fork", instances: 1 },
  );
  for (const figure of ["uptime", "restartCount", "cpu", "memoryRss"])
    assert.equal(typeof stats[0][figure], "number", figure);
  assert.ok("memoryHeap" in stats[0]);

  await pm.restart("api");
  await pm.stop("api");
  await pm.delete("api");
  assert.deepEqual(await pm.list(), []);
  assert.ok(!isAlive(pid));
  await pm.killDaemon();
  assert.equal(await pm.isDaemonRunning(), false);
});

test("a program that embeds the manager", async (t) => {
  const box = sandbox(t);
  const folder = join(box.home, "project");
  mkdirSync(join(folder, "dist"), { recursive: true });
  writeFileSync(
    join(folder, "dist", "worker.js"),
    "setInterval(() => {}, 1 << 30);",
  );
  const program = `
    import { ProcessManager, WorkerMode } from ${JSON.stringify(join(root, "dist", "index.mjs"))};
    const manager = new ProcessManager();
    await manager.start({
      name:       "worker",
      scriptPath: "./dist/worker.js",
      mode:       WorkerMode.Fork,
    });
    process.on("SIGTERM", async () => {
      await manager.stopAll();
      process.exit(0);
    });
    console.log((await manager.stats("worker"))[0].pid);
  `;
  const host = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [pid] = await within("the worker's pid", once(host.stdout, "data"));
  assert.ok(isAlive(Number(pid)));
  host.kill("SIGTERM");
  assert.deepEqual(await within("the end", once(host, "exit")), [0, null]);
  assert.ok(!isAlive(Number(pid)));
  assert.equal(typeof ProcessManager, "function");
});
