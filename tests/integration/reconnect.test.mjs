// What clients see when the daemon dies under them and its keeper starts the
// next one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

import { commandLine, zpmPath } from "./cli.mjs";
import { fixture, isAlive, next, run, waitFor, within } from "./helpers.mjs";

const KILLS = 5;

/** Writes numbered lines to its standard output. */
const counter =
  'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.01; done\n';

async function daemonOf(box) {
  const { data } = await waitFor("the daemon", () =>
    box.wireAsk({ cmd: "hello", version: "0.1.0" }),
  );
  return data;
}

async function kill(pid) {
  process.kill(pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(pid));
}

async function killDaemon(box) {
  await kill((await daemonOf(box)).pid);
}

/** A zpm that goes on until it is ended. */
function zpmThatGoesOn(t, box, ...words) {
  const child = spawn(zpmPath, words, {
    cwd: box.project,
    env: { ...process.env, ZPM_HOME: box.home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const it = { child, text: "", complaint: "", end: once(child, "close") };
  child.stdout.setEncoding("utf8").on("data", (text) => (it.text += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (it.complaint += text));
  t.after(() => child.kill("SIGKILL"));
  return it;
}

/** Reads a LogStream to its end. */
function read(stream) {
  const it = { text: "" };
  it.end = (async () => {
    for await (const { text } of stream) it.text += text;
  })();
  it.end.catch(() => {});
  return it;
}

function numbersIn(text) {
  return [...text.matchAll(/line (\d+)$/gm)].map(([, number]) =>
    Number(number),
  );
}

function last(text) {
  return numbersIn(text.slice(0, text.lastIndexOf("\n"))).at(-1) ?? 0;
}

function assertNoneMissing(text, what) {
  const numbers = numbersIn(text);
  numbers.forEach((number, i) =>
    assert.equal(number, numbers[0] + i, `${what}: line ${number}`),
  );
}

/** All that an app has written, out of all parts of its file. */
function allOf(box, name) {
  const file = box.logFile(name);
  return readdirSync(dirname(file))
    .filter((part) => part.startsWith("out.log"))
    .map((part) => ({ part, age: Number(part.split(".")[2] ?? 0) }))
    .sort((a, b) => b.age - a.age)
    .map(({ part }) => readFileSync(join(dirname(file), part), "utf8"))
    .join("");
}

test("who follows goes on through five deaths of the daemon", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  const file = box.write("count.sh", counter);
  await pm.start({ name: "plain", scriptPath: file });
  const heard = { text: "", gaps: [] };
  pm.on("log", ({ name, text }) => {
    if (name === "plain") heard.text += text;
  });
  pm.on("reconnect", ({ gapMs }) => {
    heard.gaps.push(gapMs);
    heard.text += "(a gap)\n";
  });
  const shown = zpmThatGoesOn(t, box, "logs", "plain", "-f");
  const all = zpmThatGoesOn(t, box, "logs", "-f", "--out", "--json");
  const stream = read(pm.logs("plain"));
  const readers = { shown, stream, heard };

  const allHearMore = async () => {
    const from = last(box.log("plain"));
    for (const [what, reader] of Object.entries(readers))
      await waitFor(`new lines: ${what}`, () => last(reader.text) > from);
  };

  for (let round = 0; round < KILLS; round++) {
    await allHearMore();
    await killDaemon(box);
    await waitFor("the new connection", () => heard.gaps.length === round + 1);
  }
  await allHearMore();
  await pm.stop("plain");
  const written = last(box.log("plain"));
  for (const [what, reader] of Object.entries(readers))
    await waitFor(`the last line: ${what}`, () => last(reader.text) >= written);

  assertNoneMissing(shown.text, "zpm logs");
  assertNoneMissing(stream.text, "pm.logs()");
  const told = shown.complaint.match(/ended and was started again/g);
  assert.equal(told.length, KILLS, shown.complaint);
  const pieces = all.text.trimEnd().split("\n");
  assertNoneMissing(
    pieces.map((line) => JSON.parse(line).data).join(""),
    "zpm logs --json",
  );
  // Events may be missing, but only where that is told.
  assert.ok(heard.gaps.every((gap) => gap >= 0));
  const parts = heard.text.split("(a gap)\n");
  parts.forEach((part) => assertNoneMissing(part, "an event"));
  const numbers = numbersIn(heard.text);
  numbers.forEach((number, i) => assert.ok(i === 0 || number > numbers[i - 1]));
});

test("output that is stamped and rotated goes on as well", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({
    name: "stamped",
    scriptPath: box.write("count.sh", counter),
    logs: { timestamps: true, maxSizeBytes: 1024, maxFiles: 500 },
  });
  const stream = read(pm.logs("stamped", { lines: 100_000, stream: "out" }));
  for (let round = 0; round < KILLS; round++) {
    const from = last(allOf(box, "stamped"));
    await waitFor("new lines", () => last(stream.text) > from + 20);
    await killDaemon(box);
  }
  await pm.stop("stamped");
  const all = allOf(box, "stamped");
  await waitFor("the last line", () => last(stream.text) === last(all));
  assert.equal(stream.text, all);
  assertNoneMissing(all, "the files");
});

test("a stream that nobody waits for goes on when it is read again", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({ name: "a", scriptPath: box.write("count.sh", counter) });
  const stream = pm.logs("a");
  let { text } = (await stream.next()).value;
  await killDaemon(box);
  await waitFor("more output", () => last(box.log("a")) > last(text) + 50);
  const until = last(box.log("a"));
  while (last(text) < until)
    text += (await within("a piece", stream.next())).value.text;
  assertNoneMissing(text, "the stream");
  await stream.return();
});

test("a daemon that was told to end is not waited for", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  const again = [];
  await pm.start({ name: "a", scriptPath: box.write("count.sh", counter) });
  pm.on("reconnect", () => again.push("reconnect"));
  pm.on("exit", () => {});
  const shown = zpmThatGoesOn(t, box, "logs", "a", "-f");
  const stream = read(pm.logs("a"));
  await waitFor("output", () => last(shown.text) > 0 && last(stream.text) > 0);
  const gone = next(pm, "disconnect");
  await box.done("kill-daemon");
  await gone;
  assert.deepEqual(await within("its end", shown.end), [1, null]);
  assert.match(shown.complaint, /^zpm: the daemon was told to end, .*\n$/);
  await assert.rejects(within("its end", stream.end), { code: "ZPM_EDAEMON" });
  assert.deepEqual(again, []);
  assert.deepEqual(box.daemons(), []);
});

test("when keeper and daemon are gone, so is the output", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({ name: "a", scriptPath: box.write("count.sh", counter) });
  const shown = zpmThatGoesOn(t, box, "logs", "a", "-f");
  const stream = read(pm.logs("a"));
  await waitFor("output", () => last(shown.text) > 0 && last(stream.text) > 0);
  const { pid, keeperPid } = await daemonOf(box);
  // Stopped first, so that neither can react to the end of the other.
  process.kill(keeperPid, "SIGSTOP");
  process.kill(pid, "SIGSTOP");
  process.kill(keeperPid, "SIGKILL");
  process.kill(pid, "SIGKILL");
  assert.deepEqual(await within("its end", shown.end), [1, null]);
  assert.match(shown.complaint, /the output with it: no daemon runs/);
  await assert.rejects(within("its end", stream.end), { code: "ZPM_EDAEMON" });
  assert.deepEqual(box.daemons(), [], "nobody starts one for a follower");
  await box.done("stop", "a");
});

test("a start that waits is told that the daemon died", async (t) => {
  const box = commandLine(t);
  const waiting = zpmThatGoesOn(
    t,
    box,
    ...["start", box.write("count.sh", counter), "--name", "slow", "--wait"],
    ...["--probe", "exec:test -e ready,kind=readiness,interval=0.1"],
  );
  const { pid } = await waitFor("the app", async () => {
    const [app] = await box.json("stats");
    return app?.pid && app;
  });
  await killDaemon(box);
  assert.deepEqual(await within("its end", waiting.end), [1, null]);
  assert.match(
    waiting.complaint,
    /ended before it answered 'start', and was started again\. Whether that was done is not known here: zpm list/,
  );
  const app = await box.app("slow");
  assert.deepEqual(
    [app.pid, app.status, app.totalRestarts],
    [pid, "starting", 0],
  );
  box.write("ready", "");
  await waitFor(
    "its readiness",
    async () => (await box.app("slow")).status === "running",
  );
});

test("what only looks is asked again, a change is not", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  const [{ pid }] = await pm.stats("a");
  const daemon = await daemonOf(box);
  process.kill(daemon.pid, "SIGSTOP");
  const list = box.json("list");
  const looks = pm.stats("a");
  const change = assert.rejects(pm.restart("a"), { code: "ZPM_ELOST" });
  const describe = pm.describe("a");
  await kill(daemon.pid);
  await change;
  const [stats] = await looks;
  assert.deepEqual([stats.pid, stats.totalRestarts], [pid, 0]);
  assert.equal((await describe).pid, pid);
  assert.equal((await list)[0].pid, pid);
});

test("the store is told of what happened meanwhile", async (t) => {
  const { ProcessStore } = await import("@zuzjs/pm");
  const box = commandLine(t);
  const pm = box.client();
  const store = new ProcessStore();
  await pm.start({ name: "a", scriptPath: fixture("forever.js") });
  await store.attach(pm);
  const [{ pid }] = await pm.stats("a");
  const daemon = await daemonOf(box);
  process.kill(daemon.pid, "SIGSTOP");
  await kill(pid);
  const gap = next(pm, "reconnect");
  await kill(daemon.pid);
  assert.ok((await gap).gapMs >= 0);
  await waitFor("the exit", () => !store.get("a").pids.includes(pid));
  store.detach();
});

test("who only listens still ends by itself, and a worker can be ended", async (t) => {
  const box = commandLine(t);
  await box.client().ensureDaemon();
  const { pid } = await daemonOf(box);
  const script = `
    import { zpm } from "@zuzjs/pm";
    zpm.on("exit", () => {});
    await zpm.list();
    process.kill(${pid}, "SIGKILL");
  `;
  const words = ["--input-type=module", "-e", script];
  const result = await run(process.execPath, words, { cwd: fixture("..") });
  assert.equal(result.code, 0, result.stderr);

  const worker = new Worker(
    `const { ZPMClient } = require("@zuzjs/pm");
     const { parentPort, workerData } = require("node:worker_threads");
     const pm = new ZPMClient({ home: workerData });
     pm.on("reconnect", () => parentPort.postMessage("again"));
     pm.on("exit", () => {});
     pm.list().then(() => {
       parentPort.postMessage("ready");
       pm.logs().next().catch(() => {});
     });`,
    { eval: true, workerData: box.home },
  );
  await next(worker, "message", (text) => text === "ready");
  const again = next(worker, "message", (text) => text === "again");
  await killDaemon(box);
  await again;
  await killDaemon(box);
  assert.equal(await worker.terminate(), 1);
});
