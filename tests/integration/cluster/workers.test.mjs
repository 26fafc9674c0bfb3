// What a worker is and may say: its identity, its channel, its children.

import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { test } from "node:test";

import { commandLine } from "../cli.mjs";
import { certify, fixture, isAlive, run, waitFor } from "../helpers.mjs";
import { cluster, nodeOf, RETRY, signal } from "./means.mjs";

const sorted = (values) => [...values].sort();

cluster("each worker knows who it is, and nothing more", async (box) => {
  const args = ["one", "two words", "--three"];
  await box.start("identity.js", { instances: 3, args });
  const notes = await box.noted("start", 3);
  // It never listens: it is up when it is online.
  const pids = await box.running(3);
  for (const note of notes) {
    assert.equal(note.isWorker, true);
    assert.equal(note.isMaster, false);
    assert.equal(note.connected, true);
    assert.equal(note.isConnected, true);
    assert.deepEqual(note.args, args);
    assert.equal(note.cwd, realpathSync(box.project));
    assert.equal(note.pid, pids[note.instance]);
    assert.deepEqual(note.env, {
      NODE_APP_INSTANCE: `${note.instance}`,
      ZPM_APP_NAME: "web",
      ZPM_INSTANCE: `${note.instance}`,
    });
    assert.ok(Number.isInteger(note.id) && note.id > 0, `${note.id}`);
  }
  assert.deepEqual(sorted(notes.map(({ instance }) => instance)), [0, 1, 2]);
  assert.equal(new Set(notes.map(({ id }) => id)).size, 3);
});

cluster("the Node asked for runs the workers", async (box) => {
  const path = (await nodeOf(box.node)) ?? "node";
  await box.start("identity.js");
  const { stdout } = await run(path, ["-p", "process.version"]);
  for (const { version } of await box.noted("start", 2))
    assert.equal(version, stdout.trim());
});

cluster("a worker that crashes comes again in its place", async (box) => {
  await box.start("identity.js", { flags: RETRY });
  await box.noted("start", 2);
  const [first, second] = await box.running(2);
  signal([second], "SIGKILL");
  const note = (await box.noted("start", 3))[2];
  assert.equal(note.instance, 1);
  assert.deepEqual(await box.running(2), [first, note.pid]);
  assert.ok(box.notes("start").every(({ id }, i, all) => id > 0 && all[i]));
  assert.equal(new Set(box.notes("start").map(({ id }) => id)).size, 3);
});

cluster("describe and stats tell of each worker", async (box) => {
  await box.up("web.js");
  const pids = await box.running(2);
  for (const row of [
    await box.app("web"),
    (await box.client().describe("web")) ?? {},
  ]) {
    assert.equal(row.mode, "cluster");
    assert.equal(row.instances, 2);
    assert.deepEqual(
      row.workers.map(({ instance, status, pid }) => [instance, status, pid]),
      pids.map((pid, instance) => [instance, "running", pid]),
    );
  }
  const description = await box.json("describe", "web");
  assert.deepEqual(
    (description[0] ?? description).workers.map(({ pid }) => pid),
    pids,
  );
});

cluster("worker.disconnect(): it ends well, the other serves", async (box) => {
  await box.up("leaves.js");
  const [first, second] = await box.running(2);
  signal([first], "SIGUSR2");
  const [{ pid, voluntary }] = await box.noted("disconnect", 1);
  assert.deepEqual([pid, voluntary], [first, true]);
  const [{ code }] = await box.noted("exit", 1);
  assert.equal(code, 0);
  for (let i = 0; i < 8; i++) assert.equal((await box.ask()).pid, second);
  const row = await waitFor("it to be seen", async () => {
    const found = await box.app("web");
    return found.workers.every((one) => one.pid !== first) && found;
  });
  assert.equal(row.lastExitCode, 0);
});

cluster("child_process.fork: a child, and no worker", async (box) => {
  await box.up("forks.js");
  for (const kid of await box.noted("kid", 2)) {
    assert.equal(kid.isWorker, false);
    assert.deepEqual(kid.cluster, []);
    assert.ok(kid.port > 0 && kid.port !== box.port);
  }
  for (const { code } of await box.noted("kid exit", 2)) assert.equal(code, 0);
  await box.answeredBy(await box.running(2));
});

for (const words of ["json", "advanced"]) {
  cluster(`whatever a worker says, it goes on: ${words}`, async (box) => {
    const flags = ["--shutdown-message", "--serialization", words];
    await box.up("speaks.js", { flags });
    await box.noted("sent", 2);
    assert.deepEqual(box.notes("error"), []);
    const pids = await box.running(2);
    await box.answeredBy(pids);
    // And it hears.
    await box.done("stop", "web");
    const heard = box.notes("message");
    assert.deepEqual(
      heard.map(({ message }) => message),
      ["shutdown", "shutdown"],
    );
    assert.equal((await box.app("web")).lastExitCode, 0);
  });

  cluster(`a connection given away is taken: ${words}`, async (box) => {
    await box.up("gives.js", { flags: ["--serialization", words] });
    await box.noted("taken", 2);
    await box.noted("closed by taker", 2);
    assert.deepEqual(box.notes("error"), []);
    await box.answeredBy(await box.running(2));
  });
}

cluster("all workers have the same keys of TLS tickets", async (box) => {
  await certify(box.project);
  await box.up("tickets.js", { flags: RETRY });
  const pids = await box.running(2);
  signal([pids[0]], "SIGKILL");
  await box.noted("listening", 3);
  await box.done("restart", "web");
  const keys = (await box.noted("listening", 5)).map((note) => note.keys);
  assert.match(keys[0], /^[0-9a-f]{96}$/);
  // Those of a restarted app may be others; they are the same, too.
  assert.equal(new Set(keys.slice(0, 3)).size, 1);
  assert.equal(new Set(keys.slice(3)).size, 1);
});

cluster("the output of all workers is kept", async (box) => {
  box.write("version", "exit");
  await box.start("web.js");
  await box.noted("start", 2);
  await waitFor("what both have said", async () => {
    const said = await box.done("logs", "web", "--err", "--no-follow");
    return said.split("this build is broken").length > 2;
  });
});

cluster("starting, until each has said that it is ready", async (box) => {
  const script = box.write(
    "app.js",
    `const { existsSync } = require("fs");
     const timer = setInterval(() => {
       if (!existsSync("go" + process.env.NODE_APP_INSTANCE)) return;
       clearInterval(timer);
       process.send("ready");
     }, 20);`,
  );
  await box.start(script, { flags: ["--wait-ready"] });
  box.write("go1", "");
  await waitFor("one of them", async () => {
    const workers = await box.workers();
    return workers[1]?.status === "running";
  });
  assert.equal((await box.workers())[0].status, "starting");
  box.write("go0", "");
  await box.running(2);
});

cluster("a stop ends every worker, and what they have started", async (box) => {
  await box.up("web.js", { instances: 4 });
  const pids = await box.running(4);
  await box.done("stop", "web");
  assert.deepEqual(pids.filter(isAlive), []);
  const row = await box.app("web");
  assert.equal(row.status, "stopped");
  assert.equal(row.workers.filter(({ pid }) => pid !== null).length, 0);
});

test("what is not for Node cannot be a cluster", async (t) => {
  const box = commandLine(t);
  const script = box.write("app.sh", "exec sleep 1000\n");
  const words = ["--name", "web", "--cluster", "--instances", "2"];
  const { code, stderr } = await box.zpm("start", script, ...words);
  assert.notEqual(code, 0);
  assert.match(stderr, /cluster/);
});

test("a fork is no cluster worker", async (t) => {
  const box = commandLine(t);
  const script = box.write(
    "app.js",
    `const cluster = require("cluster");
     console.log("worker", cluster.isWorker, "NODE_UNIQUE_ID" in process.env);
     setInterval(() => {}, 1 << 30);`,
  );
  await box.done("start", fixture("cluster/identity.js"), "--cluster");
  await box.done("start", script, "--name", "fork");
  await box.logHas("fork", "worker false false\n");
});
