import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { getSocketPath, ZpmError } from "@zuzjs/pm";

import {
  fixture,
  isAlive,
  next,
  run,
  sandbox,
  waitFor,
  within,
} from "./helpers.mjs";

test("a daemon is started once, found, and ended", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  assert.equal(await pm.isDaemonRunning(), false);
  assert.match(await pm.killDaemon(), /no daemon/i);
  await Promise.all([pm.ensureDaemon(), box.client().ensureDaemon()]);
  assert.equal(await pm.isDaemonRunning(), true);
  assert.ok(existsSync(getSocketPath(undefined, box.home)));
  assert.equal(typeof (await pm.killDaemon()), "string");
  assert.equal(await pm.isDaemonRunning(), false);
});

test("an app lives on without its client", async (t) => {
  const box = sandbox(t);
  const first = box.client();
  await first.start({ name: "a", scriptPath: fixture("forever.js") });
  const [{ pid }] = await first.stats("a");
  await first.close();
  assert.ok(isAlive(pid));
  const [stats] = await box.client().stats("a");
  assert.equal(stats.pid, pid);
  await first.stop("a");
  assert.ok(!isAlive(pid), "a closed client connects again");
});

test("the next call connects again when the daemon went away", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.ensureDaemon();
  const gone = next(pm, "disconnect");
  await box.client().killDaemon();
  await gone;
  assert.deepEqual(await pm.list(), []);
  assert.equal(await pm.isDaemonRunning(), true);
});

test("restartDaemon brings the apps back that were up", async (t) => {
  const pm = sandbox(t).client();
  await pm.start({ name: "up", scriptPath: fixture("forever.js") });
  await pm.start({ name: "down", scriptPath: fixture("forever.js") });
  await pm.stop("down");
  const [{ pid }] = await pm.stats("up");
  await pm.restartDaemon();
  assert.ok(!isAlive(pid));
  await waitFor("the app", async () => {
    const [stats] = await pm.stats("up");
    return stats.status === "running" && stats.pid !== pid;
  });
  assert.equal((await pm.stats("down"))[0].status, "stopped");
});

test("open calls and log iterators fail when the daemon dies", async (t) => {
  const box = sandbox(t);
  const pm = box.client();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const logs = pm.logs("a");
  await within("history", logs.next());
  const waiting = logs.next();
  waiting.catch(() => {});
  await box.client().killDaemon();
  await assert.rejects(
    within("the end of the iterator", waiting),
    (error) => error instanceof ZpmError && error.code === "ZPM_EDAEMON",
  );
});

test("events come from the daemon, also after it was away", async (t) => {
  const pm = sandbox(t).client();
  const names = [];
  pm.on("exit", ({ name, signal }) => names.push(`${name} ${signal}`));
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  await pm.stop("a");
  await waitFor("the first event", () => names.length === 1);
  await pm.restartDaemon();
  await pm.start({ name: "a" });
  await pm.stop("a");
  await waitFor("the second event", () => names.length === 2);
  assert.deepEqual(names, ["a SIGTERM", "a SIGTERM"]);
});

test("the store follows the daemon", async (t) => {
  const { ProcessStore } = await import("@zuzjs/pm");
  const box = sandbox(t);
  const pm = box.client();
  const store = new ProcessStore();
  await store.attach(pm);
  assert.deepEqual(store.all(), []);
  await box.client().start({ name: "a", scriptPath: fixture("forever.js") });
  await waitFor("the app", () => store.get("a")?.status === "running");
  store.detach();
});

test("namespaces do not see each other", async (t) => {
  const box = sandbox(t);
  const one = box.client({ namespace: "one" });
  const two = box.client({ namespace: "two" });
  await one.start({ name: "a", scriptPath: fixture("forever.js") });
  assert.deepEqual(await two.list(), []);
  assert.notEqual(getSocketPath("one"), getSocketPath("two"));
});

test("a script that has used the client ends by itself", async (t) => {
  sandbox(t);
  const script = `
    import { zpm } from "@zuzjs/pm";
    zpm.on("app", () => {});
    console.log(JSON.stringify(await zpm.list()));
  `;
  const result = await run(
    process.execPath,
    ["--input-type=module", "-e", script],
    { cwd: fixture("..") },
  );
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout, "[]\n");
});

test("a worker thread can use the client", async (t) => {
  const box = sandbox(t);
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(
    `const { ZPMClient } = require("@zuzjs/pm");
     const { parentPort, workerData } = require("node:worker_threads");
     const pm = new ZPMClient({ home: workerData });
     pm.on("app", () => {});
     pm.list().then((names) => {
       parentPort.postMessage(names);
       pm.ref();
     });`,
    { eval: true, workerData: box.home },
  );
  const names = await within(
    "the worker's answer",
    new Promise((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    }),
  );
  assert.deepEqual(names, []);
  assert.equal(await worker.terminate(), 1);
});

test("a missing zpm is told with what to do", async (t) => {
  const pm = sandbox(t).client();
  process.env.ZPM_BIN = "/no/such/zpm";
  t.after(() => delete process.env.ZPM_BIN);
  await assert.rejects(pm.list(), (error) => {
    assert.equal(error.code, "ZPM_EUNSUPPORTED");
    assert.match(error.message, /\/no\/such\/zpm/);
    return true;
  });
});
