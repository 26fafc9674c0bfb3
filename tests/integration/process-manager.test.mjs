import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { ZpmError } from "@zuzjs/pm";

import {
  fixture,
  freePort,
  isAlive,
  next,
  sandbox,
  waitFor,
  within,
} from "./helpers.mjs";

async function rejects(promise, code, message) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ZpmError);
    assert.equal(error.code, code, error.message);
    if (message) assert.match(error.message, message);
    return true;
  });
}

test("an app is started, seen and stopped", async (t) => {
  const pm = sandbox(t).manager();
  assert.equal(
    typeof (await pm.start({ name: "a", scriptPath: fixture("forever.js") })),
    "string",
  );
  assert.deepEqual(await pm.list(), ["a"]);

  const [stats, ...others] = await pm.stats("a");
  assert.equal(others.length, 0);
  assert.equal(stats.name, "a");
  assert.equal(stats.status, "running");
  assert.ok(isAlive(stats.pid));
  assert.equal(stats.mode, "fork");
  assert.equal(stats.instances, 1);
  assert.equal(stats.restartCount, 0);
  assert.ok(stats.memoryRss >= 0);
  assert.ok(stats.uptime >= 0);
  assert.equal(stats.workers.length, 1);
  assert.equal(stats.workers[0].pid, stats.pid);

  await pm.stop("a");
  assert.ok(!isAlive(stats.pid), "stop is answered when it is gone");
  const [stopped] = await pm.stats("a");
  assert.equal(stopped.status, "stopped");
  assert.equal(stopped.pid, null);
});

test("the heap of a Node app is told", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  await waitFor("memoryHeap", async () => {
    const [{ memoryHeap }] = await pm.stats("a");
    return memoryHeap > 100 * 1024;
  });
});

test("the memory and the CPU time of an app are told", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("busy.js") });
  await waitFor("figures", async () => {
    const [{ cpu, memoryRss, processes }] = await pm.stats("a");
    return cpu > 5 && memoryRss > 10 * 1024 * 1024 && processes === 1;
  });
});

test("what an app sends by process.send() hurts nobody", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("sends.js") });
  for await (const { text } of pm.logs("a")) if (text.includes("sent")) break;
  await waitFor("the heap", async () => {
    const [{ memoryHeap }] = await pm.stats("a");
    return memoryHeap > 100 * 1024;
  });
  assert.equal((await pm.describe("a")).status, "running");
});

test("a program that is no Node app has no heap figure", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: "sleep", args: ["1000"] });
  const [stats] = await pm.stats("a");
  assert.equal(stats.status, "running");
  assert.equal(stats.memoryHeap, null);
});

test("arguments, folder, environment and port reach the app", async (t) => {
  const box = sandbox(t);
  const pm = box.manager();
  const port = await freePort();
  await pm.start(
    {
      name: "a",
      scriptPath: fixture("environment.js"),
      args: ["one", "two words", ""],
      cwd: box.home,
      port,
      env: { OVER: "new", NUMBER: 7, FLAG: true },
    },
    { callerEnv: { ...process.env, OVER: "old", KEPT: "yes" } },
  );
  let text = "";
  for await (const chunk of pm.logs("a")) {
    text += chunk.text;
    if (text.includes("\n")) break;
  }
  const said = JSON.parse(text);
  assert.deepEqual(said.args, ["one", "two words", ""]);
  assert.equal(said.cwd, box.home);
  assert.equal(said.env.PORT, String(port));
  assert.equal(said.env.OVER, "new");
  assert.equal(said.env.KEPT, "yes");
  assert.equal(said.env.NUMBER, "7");
  assert.equal(said.env.FLAG, "true");
});

test("values of env are hidden unless they are asked for", async (t) => {
  const pm = sandbox(t).manager();
  await pm.addWorker({
    name: "a",
    scriptPath: fixture("forever.js"),
    env: { SECRET: "swordfish" },
  });
  assert.deepEqual((await pm.getWorkerByName("a")).env, { SECRET: "<hidden>" });
  const shown = await pm.getWorkerByName("a", { showEnv: true });
  assert.equal(shown.env.SECRET, "swordfish");
  assert.equal(await pm.getWorkerByName("b"), null);
  const described = await pm.describe("a");
  assert.equal(described.config.env.SECRET, "<hidden>");
  assert.equal(described.status, "stopped");
  assert.ok(!JSON.stringify(described).includes("swordfish"));
});

test("a relative script path is taken from the current directory", async (t) => {
  const pm = sandbox(t).manager();
  const before = process.cwd();
  process.chdir(join(fixture("forever.js"), "../.."));
  try {
    await pm.start({ scriptPath: "./fixtures/forever.js" });
  } finally {
    process.chdir(before);
  }
  const [stats] = await pm.stats("forever");
  assert.equal(stats.scriptPath, fixture("forever.js"));
  assert.equal(stats.status, "running");
});

test("logs give the history and then what comes", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("talk.js"), args: ["3"] });
  const seen = { out: "", err: "" };
  for await (const { name, stream, text } of pm.logs("a")) {
    assert.equal(name, "a");
    seen[stream] += text;
    if (seen.out.includes("out 3\n") && seen.err.includes("err 3\n")) break;
  }
  assert.equal(seen.out, "out 1\nout 2\nout 3\n");
  assert.equal(seen.err, "err 1\nerr 2\nerr 3\n");

  let past = "";
  for await (const { text } of pm.logs("a", {
    follow: false,
    lines: 2,
    stream: "err",
  }))
    past += text;
  assert.equal(past, "err 2\nerr 3\n");

  const { logFiles } = await pm.describe("a");
  assert.equal(readFileSync(logFiles.out, "utf8"), seen.out);
});

test("a log iterator can be ended while it waits", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const logs = pm.logs("a");
  assert.equal((await within("first", logs.next())).value.text, "ready\n");
  const waiting = logs.next();
  await logs.return();
  assert.deepEqual(await within("end", waiting), {
    done: true,
    value: undefined,
  });
  assert.equal((await logs.next()).done, true);
});

test("closing the manager ends a log iterator", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("tick.js") });
  const reading = (async () => {
    let count = 0;
    for await (const { text } of pm.logs("a")) count += text.length;
    return count;
  })();
  await next(pm, "log");
  await pm.close();
  assert.ok((await within("end of logs", reading)) >= 0);
});

test("logs of an unknown app are an error", async (t) => {
  const pm = sandbox(t).manager();
  await rejects(pm.logs("nobody").next(), "ZPM_ENOAPP");
});

test("what happens is told by events", async (t) => {
  const pm = sandbox(t).manager();
  const statuses = [];
  pm.on("app", (row) => statuses.push(row.status));
  const exit = next(pm, "exit");
  const log = next(pm, "log", ({ text }) => text.includes("ready"));
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  assert.deepEqual(await log, { name: "a", stream: "out", text: "ready\n" });
  await pm.stop("a");
  const { name, code, signal, uptime } = await exit;
  assert.deepEqual(
    { name, code, signal },
    { name: "a", code: null, signal: "SIGTERM" },
  );
  assert.ok(uptime >= 0);
  assert.ok(statuses.includes("running"));
  assert.equal(statuses.at(-1), "stopped");
  const deleted = next(pm, "delete");
  await pm.delete("a");
  assert.equal(await deleted, "a");
});

test("subscribe narrows events to one app", async (t) => {
  const pm = sandbox(t).manager();
  const names = new Set();
  pm.on("app", ({ name }) => names.add(name));
  await pm.subscribe(["app"], { name: "b" });
  for (const name of ["a", "b"])
    await pm.start({ name, scriptPath: fixture("forever.js") });
  await pm.stopAll();
  assert.deepEqual([...names], ["b"]);
  await pm.subscribe([]);
  await pm.start({ name: "c", scriptPath: fixture("forever.js") });
  assert.deepEqual([...names], ["b"]);
});

test("a listener that throws hinders nobody else", async (t) => {
  const pm = sandbox(t).manager();
  const thrown = new Promise((resolve) =>
    process.once("uncaughtException", resolve),
  );
  // The test runner listens as well, and would count it as a failure.
  const others = process.listeners("uncaughtException").slice(0, -1);
  for (const other of others) process.off("uncaughtException", other);
  try {
    pm.once("app", () => {
      throw new Error("on purpose");
    });
    await pm.start({ name: "a", scriptPath: fixture("forever.js") });
    assert.equal((await within("exception", thrown)).message, "on purpose");
  } finally {
    for (const other of others) process.on("uncaughtException", other);
  }
  assert.equal((await pm.stats("a"))[0].status, "running");
});

test("an app that crashes at once is held", async (t) => {
  const pm = sandbox(t).manager();
  const errored = next(pm, "app", (row) => row.status === "errored");
  await pm.start({ name: "a", scriptPath: fixture("exit.js"), args: ["3"] });
  const row = await errored;
  assert.equal(row.lastExitCode, 3);
  assert.deepEqual(row.pids, []);
});

test("an app that ends well is not started again", async (t) => {
  const pm = sandbox(t).manager();
  const exit = next(pm, "exit");
  await pm.start({ name: "a", scriptPath: fixture("exit.js") });
  assert.equal((await exit).code, 0);
  await waitFor("stopped", async () => {
    const [stats] = await pm.stats("a");
    return stats.status === "stopped" && stats.lastExitCode === 0;
  });
});

test("a crash after a while is followed by a new process", async (t) => {
  const pm = sandbox(t).manager();
  const exit = next(pm, "exit");
  await pm.start({
    name: "a",
    scriptPath: fixture("lives-for.js"),
    args: ["100", "1"],
    immediateCrash: "retry",
    minBackoff: 10,
  });
  await exit;
  await waitFor("a restart", async () => {
    const [stats] = await pm.stats("a");
    return stats.totalRestarts >= 2;
  });
});

test("what cannot start is an error of the call", async (t) => {
  const pm = sandbox(t).manager();
  await rejects(
    pm.start({ name: "a", scriptPath: "/no/such/script.js" }),
    "ZPM_ESTART",
    /\/no\/such\/script\.js/,
  );
  const [stats] = await pm.stats("a");
  assert.equal(stats.status, "errored");
  assert.match(stats.lastError, /script\.js/);
});

test("an app that ignores SIGTERM is killed after its time", async (t) => {
  const pm = sandbox(t).manager();
  const ready = next(pm, "log");
  await pm.start({
    name: "a",
    scriptPath: fixture("stubborn.js"),
    killTimeout: 200,
  });
  await ready;
  const [{ pid }] = await pm.stats("a");
  const exit = next(pm, "exit");
  await pm.stop("a");
  assert.equal((await exit).signal, "SIGKILL");
  assert.ok(!isAlive(pid));
});

test("restart gives a new process, and takes changes", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("environment.js") });
  const [{ pid }] = await pm.stats("a");
  await pm.restart("a", { env: { CHANGED: "yes" }, killTimeout: 3000 });
  const [after] = await pm.stats("a");
  assert.notEqual(after.pid, pid);
  assert.ok(!isAlive(pid));
  assert.equal(after.totalRestarts, 1);
  const config = await pm.getWorkerByName("a", { showEnv: true });
  assert.equal(config.env.CHANGED, "yes");
  assert.equal(config.killTimeout, 3000);
});

test("start of a known app keeps its folder and merges fields", async (t) => {
  const box = sandbox(t);
  const pm = box.manager();
  await pm.start({
    name: "a",
    scriptPath: fixture("forever.js"),
    cwd: box.home,
    killTimeout: 4000,
  });
  await pm.stop("a");
  await pm.start({ name: "a", killSignal: "SIGINT" });
  const config = await pm.getWorkerByName("a");
  assert.equal(config.cwd, box.home);
  assert.equal(config.killTimeout, 4000);
  assert.equal(config.killSignal, "SIGINT");
  assert.match(await pm.start({ name: "a" }), /running/);
});

test("stopAll stops every app", async (t) => {
  const pm = sandbox(t).manager();
  assert.equal(typeof (await pm.stopAll()), "string");
  for (const name of ["a", "b", "c"])
    await pm.start({ name, scriptPath: fixture("forever.js") });
  const pids = (await pm.stats()).map(({ pid }) => pid);
  await pm.stopAll();
  assert.equal(pids.filter(isAlive).length, 0);
});

test("several managers live side by side", async (t) => {
  const box = sandbox(t);
  const one = box.manager({ namespace: "one" });
  const two = box.manager({ namespace: "two" });
  for (const pm of [one, two])
    await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const [[{ pid: first }], [{ pid: second }]] = [
    await one.stats("a"),
    await two.stats("a"),
  ];
  assert.notEqual(first, second);
  await one.close();
  assert.ok(!isAlive(first));
  assert.ok(isAlive(second));
});

test("a manager that was closed can be used anew", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  await Promise.all([pm.close(), pm.close()]);
  assert.deepEqual(await pm.list(), []);
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  assert.deepEqual(await pm.list(), ["a"]);
});

test("many requests at once are all answered", async (t) => {
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, i) => (i % 2 ? pm.list() : pm.stats("a"))),
  );
  assert.equal(answers.length, 500);
  assert.deepEqual(answers[1], ["a"]);
});

test("two hundred apps can be started at once", async (t) => {
  const pm = sandbox(t).manager();
  const names = Array.from({ length: 200 }, (_, i) => `app-${i}`);
  await Promise.all(
    names.map((name) =>
      pm.start({ name, scriptPath: "sleep", args: ["1000"] }),
    ),
  );
  const stats = await pm.stats();
  assert.equal(stats.filter(({ status }) => status === "running").length, 200);
  await pm.stopAll();
});

test("a reader who stops reading loses output, not memory", async (t) => {
  const box = sandbox(t);
  const pm = box.manager();
  const signal = join(box.home, "go");
  await pm.start({
    name: "a",
    scriptPath: fixture("flood.sh"),
    args: [signal],
  });
  const logs = pm.logs("a");
  assert.equal((await logs.next()).value.text, "ready\n");
  writeFileSync(signal, "");

  const { logFiles } = await pm.describe("a");
  const folder = dirname(logFiles.out);
  const written = () =>
    readdirSync(folder)
      .filter((file) => file.startsWith("out.log"))
      .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  const all = "ready\n".length + 20_000_000;
  await waitFor("all of it in the files", () => written() >= all);
  assert.equal(written(), all);

  let [read, left] = ["ready\n".length, 0];
  while (left === 0) {
    const { text } = (await within("the gap", logs.next())).value;
    left = Number(text.match(/^\[zpm: (\d+) bytes of output/)?.[1] ?? 0);
    if (left === 0) read += text.length;
  }
  assert.ok(read < 6 * 1024 * 1024, `${read} bytes were kept for the reader`);
  assert.ok(left > 0 && read + left <= all);
  await logs.return();
});

test("the child processes of the host are none of its business", async (t) => {
  const pm = sandbox(t).manager();
  const { spawn } = await import("node:child_process");
  const { once } = await import("node:events");
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  for (let i = 0; i < 5; i++) {
    const child = spawn(process.execPath, ["-e", "process.exit(9)"]);
    assert.deepEqual(await within("exit of a child", once(child, "exit")), [
      9,
      null,
    ]);
  }
  await pm.stopAll();
});

test("wrong arguments are named before anything happens", async (t) => {
  const pm = sandbox(t).manager();
  await rejects(pm.start(), "ZPM_EARG", /config must be an object/);
  await rejects(pm.start({}), "ZPM_EARG", /scriptPath/);
  await rejects(
    pm.start({ scriptPath: 7 }),
    "ZPM_EARG",
    /config\.scriptPath must be a string, not a number/,
  );
  await rejects(
    pm.start({ scriptPath: "x", env: { A: () => {} } }),
    "ZPM_EARG",
    /config\.env\.A/,
  );
  await rejects(
    pm.start({ scriptPath: "x", port: NaN }),
    "ZPM_EARG",
    /config\.port/,
  );
  await rejects(pm.stop(), "ZPM_EARG", /name must be a string/);
  await rejects(pm.stats(7), "ZPM_EARG", /name/);
  await rejects(pm.stop("nobody"), "ZPM_ENOAPP", /nobody/);
  await assert.rejects(
    pm.start({ scriptPath: fixture("forever.js"), prot: 3000 }),
    /prot.*port/s,
  );
  await assert.rejects(
    pm.start({ scriptPath: fixture("forever.js"), port: "http" }),
    /port/,
  );
});

test("the store follows a manager", async (t) => {
  const { ProcessStore } = await import("@zuzjs/pm");
  const pm = sandbox(t).manager();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const store = new ProcessStore();
  await store.attach(pm);
  assert.equal(store.get("a").status, "running");
  assert.equal(store.all().length, 1);

  const changes = [];
  const listener = (name, row) => changes.push([name, row?.status]);
  store.onchange(listener);
  await pm.stop("a");
  assert.equal(store.get("a").status, "stopped");
  assert.deepEqual(changes.at(-1), ["a", "stopped"]);
  await pm.delete("a");
  assert.deepEqual(changes.at(-1), ["a", undefined]);
  assert.equal(store.get("a"), undefined);

  store.offchange(listener);
  const count = changes.length;
  await pm.start({ name: "b", scriptPath: fixture("forever.js") });
  assert.equal(store.get("b").status, "running");
  assert.equal(changes.length, count);
  store.detach();
  assert.deepEqual(store.all(), []);
});

test("doctor looks at everything", async (t) => {
  const checks = await sandbox(t).manager().doctor();
  assert.ok(checks.length > 0);
  for (const { check, ok, text } of checks) {
    assert.equal(typeof check, "string");
    assert.equal(typeof ok, "boolean");
    assert.equal(typeof text, "string");
  }
});
