// The daemon is killed at every system call of what it does, one after the
// other; whatever the call was, nobody may see more of it than a connection
// that ended.  ZPM_RACE=all walks them all where else some are left out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { instrumented } from "../cli.mjs";
import { childrenOf } from "../faults/box.mjs";
import { isAlive, processesOf } from "../helpers.mjs";
import { killAt, Lane, soon, tool } from "./means.mjs";
import { Web } from "./web.mjs";

/** What a daemon still does after it has answered: it saves. */
const TAIL_MS = 150;
/** From the third on the keeper takes its time to start another daemon. */
const KILLS_PER_LANE = 4;
const LANES = 3;

/** Every how many-th call is tried; one that takes long (`weight`) has fewer. */
const few = instrumented ? 12 : 5;
const strideOf = ({ weight = 1 }) =>
  process.env.ZPM_RACE === "all" ? 1 : few * weight;
/** With which one it begins: run after run, all of them are tried. */
const offsetOf = (stride) => 1 + (Math.floor(Date.now() / 1000) % stride);

/** An app that a crash would start anew at once, so that it shows. */
const touchy = { immediateCrash: "retry", minBackoff: 1 };

// A traced process cannot be searched for leaks: that is done by tracing it.
if (instrumented)
  process.env.ASAN_OPTIONS = `${process.env.ASAN_OPTIONS ?? ""}:detect_leaks=0`;

const ask = (cmd) => (lane, name) => lane.request({ cmd, name });

const running = async (lane, name, config = {}) => {
  await lane.start(lane.pulse(name, { ...touchy, ...config }));
  await lane.started(name);
};

/** Waits until the app has done what it was told, or somebody was killed. */
async function burst(lane, name, killer) {
  process.kill(lane.starts(name)[0], "SIGUSR1");
  await Promise.race([killer.ended, lane.assertLog(name)]);
}

/** Much happens while the daemon cannot see it; then it is killed. */
async function dieOfMuch(lane, name, killer) {
  const [app] = lane.starts(name);
  const { pid } = lane;
  process.kill(pid, "SIGSTOP");
  process.kill(lane.starts("witness")[0], "SIGUSR1");
  process.kill(app, "SIGUSR2");
  await soon("its end", () => !isAlive(app));
  process.kill(pid, "SIGKILL");
  lane.kills++;
  const next = soon("the next daemon", async () => {
    const reply = await lane.request({ cmd: "hello", version: "0" });
    return reply && reply.data.pid !== pid;
  });
  await Promise.race([killer.ended, next]);
}

/** Who is killed, how it is found, and how it is known that all goes on. */
const VICTIMS = {
  daemon: {
    kill: (lane, n) => killAt(lane.pid, n),
    recover: async (lane, killed) => killed && lane.successor(),
  },
  "next daemon": {
    kill: (lane, n) => killAt(lane.keeperPid, n, { child: true }),
    recover: (lane) => lane.successor(),
  },
  keeper: {
    kill: (lane, n) => killAt(lane.keeperPid, n),
    recover: async (lane, killed) => killed && lane.rebirth(),
  },
};

/**
 * victim: of VICTIMS, the daemon if not given; prepare: the state before; act:
 * what is done, with its reply; recover: in place of the victim's; before,
 * after: what the app may be when all is over; starts: how often it may have
 * been started by then, before and after; check: what else its row must say;
 * outcome: in place of all that; weight: how much longer it takes than others.
 */
const OPERATIONS = {
  "start of a new app": {
    prepare: () => {},
    act: (lane, name) =>
      lane.request({ cmd: "start", config: lane.pulse(name, touchy) }),
    before: "absent",
    after: "running",
    starts: [0, 1],
  },
  "start of a known app": {
    prepare: (lane, name) =>
      lane.ask({ cmd: "add-worker", config: lane.pulse(name, touchy) }),
    act: ask("start"),
    before: "stopped",
    after: "running",
    starts: [0, 1],
  },
  stop: {
    prepare: running,
    act: ask("stop"),
    before: "running",
    after: "stopped",
    starts: [1, 1],
  },
  restart: {
    prepare: running,
    act: ask("restart"),
    before: "running",
    after: "running",
    starts: [1, 2],
  },
  delete: {
    prepare: running,
    act: ask("delete"),
    before: "running",
    after: "absent",
    starts: [1, 1],
  },
  save: {
    prepare: running,
    act: (lane) => lane.request({ cmd: "save" }),
    before: "running",
    after: "running",
    starts: [1, 1],
  },
  update: {
    prepare: running,
    act: (lane) => lane.request({ cmd: "update", zpm: tool("next/zpm") }),
    recover: (lane, killed, reply) => (killed || reply?.ok) && lane.successor(),
    before: "running",
    after: "running",
    starts: [1, 1],
  },
  "write of the state": {
    prepare: () => {},
    act: (lane, name) =>
      lane.request({ cmd: "add-worker", config: lane.pulse(name) }),
    before: "absent",
    after: "stopped",
    starts: [0, 0],
  },
  "log rotation": {
    prepare: (lane, name) =>
      running(lane, name, {
        burst: 20,
        logs: { maxSizeBytes: 120, maxFiles: 100 },
      }),
    act: burst,
    before: "running",
    after: "running",
    starts: [1, 1],
  },
  /* Of a daemon that finds output to be read, and an exit to be told. */
  takeover: {
    victim: "next daemon",
    prepare: (lane, name) =>
      running(lane, name, { autorestart: false, code: 7 }),
    act: dieOfMuch,
    before: "errored",
    after: "errored",
    starts: [1, 1],
    check: (row) => assert.equal(row.lastExitCode, 7, "its exit code"),
  },
};

for (const what of ["start of a new app", "stop", "restart"])
  OPERATIONS[`${what}, by the keeper`] = {
    ...OPERATIONS[what],
    victim: "keeper",
  };

/** Of an app in cluster mode; before, after: how many workers it has; starts:
 * at least, at most, and when it has been answered (else: at most). */
const ofCluster = (config, operation) => ({
  prepare: (lane, name) => Web.up(lane, name, config),
  outcome: assertCluster,
  ...operation,
});

const startOfCluster = (config) =>
  ofCluster(config, {
    weight: 3,
    prepare: (lane, name) => Web.create(lane, name, config),
    act: ({ web }, name, killer) =>
      web.until(2, killer, { cmd: "start", config: web.config }),
    before: 0,
    after: 2,
    starts: [0, 2],
  });

Object.assign(OPERATIONS, {
  "start of a cluster": startOfCluster({ scheduling: "auto" }),
  "start of a cluster, rr and advanced": startOfCluster({
    scheduling: "rr",
    serialization: "advanced",
  }),
  /* Nobody was promised anything: one that was told to leave may be back. */
  "stop of a cluster": ofCluster(
    {},
    { weight: 3, act: ask("stop"), before: 2, after: 0, starts: [2, 3, 2] },
  ),
  "reload of a cluster": ofCluster(
    {},
    {
      weight: 8,
      act: ({ web }, name, killer) =>
        web.underLoad(4, killer, { cmd: "reload", name }),
      before: 2,
      after: 2,
      starts: [2, 4],
    },
  ),
  "scale of a cluster": ofCluster(
    {},
    {
      weight: 5,
      act: ({ web }, name, killer) =>
        web.underLoad(3, killer, { cmd: "scale", name, instances: "3" }),
      before: 2,
      after: 3,
      starts: [2, 3],
    },
  ),
});

// ---- what must hold afterwards ----

async function assertCluster({ web, passed }, name, operation, reply) {
  const { before, after, starts } = operation;
  const [least, most, promised = most] = starts;
  const pids = await web.assertWorkers(reply?.ok ? [after] : [before, after]);
  if (reply?.ok) web.assertStarts(promised, promised);
  else web.assertStarts(least, most);
  await web.assertLoad(!passed);
  return pids;
}

async function assertOutcome(lane, name, operation, reply) {
  const { before, after, starts } = operation;
  const allowed = reply?.ok ? [after] : [before, after];
  let row;
  const statusOf = async () => {
    const rows = await lane.rows();
    row = rows.find((one) => one.name === name);
    return row?.status ?? "absent";
  };
  let status;
  await soon(
    () => `${name} is ${status}, neither of ${allowed}`,
    async () => allowed.includes((status = await statusOf())),
  );
  const up = status === "running";
  if (up) {
    await soon("its start", () => lane.starts(name).at(-1) === row.pid);
    await lane.started(name);
    process.kill(row.pid, "SIGUSR1");
  }
  await lane.assertLog(name);
  assert.equal(await statusOf(), status, "and stays so");
  assert.deepEqual(lane.processes(name), up ? [row.pid] : [], "its processes");
  const times = lane.starts(name).length;
  const least = reply?.ok ? starts[1] : starts[0];
  assert.ok(
    times >= least && times <= starts[1],
    `it was started ${times} times`,
  );
  if (up) assert.equal(row.totalRestarts, times - 1, "restarts as shown");
  operation.check?.(row);
  return up ? [row.pid] : [];
}

async function assertWitness(lane) {
  const [pid, ...more] = lane.starts("witness");
  const row = (await lane.rows()).find(({ name }) => name === "witness");
  assert.deepEqual(more, [], "a restart that nobody has asked for");
  assert.deepEqual([row?.status, row?.pid], ["running", pid]);
  const lines = lane.written("witness", pid);
  process.kill(pid, "SIGUSR1");
  await soon("its line", () => lane.written("witness", pid) > lines);
  await lane.assertLog("witness");
  return pid;
}

/** Nothing but these is left, not even a zombie. */
async function assertProcesses(lane, apps) {
  const expected = [lane.keeperPid, lane.pid, ...apps].sort();
  const found = () =>
    processesOf(lane.home)
      .map(({ pid }) => pid)
      .sort();
  const zombies = () =>
    childrenOf(lane.keeperPid).filter(({ state }) => state === "Z");
  await soon(
    () => `${found()} run instead of ${expected}`,
    () => `${found()}` === `${expected}`,
  );
  await soon("no zombie", () => zombies().length === 0);
}

async function assertState(lane) {
  const saved = lane
    .state()
    .apps.map(({ config }) => config.name)
    .sort();
  const known = (await lane.rows()).map(({ name }) => name).sort();
  assert.deepEqual(saved, known, "what is saved");
}

// ---- the walk ----

async function step(lane, operation, n) {
  const name = `app${n}`;
  await operation.prepare(lane, name);
  const victim = VICTIMS[operation.victim ?? "daemon"];
  const killer = victim.kill(lane, n);
  await killer.ready;
  const reply = await operation.act(lane, name, killer);
  await Promise.race([killer.ended, sleep(TAIL_MS)]);
  const result = await killer.done();
  try {
    lane.passed = result.how !== "killed";
    await (operation.recover ?? victim.recover)(lane, !lane.passed, reply);
    const outcome = operation.outcome ?? assertOutcome;
    const apps = await outcome(lane, name, operation, reply);
    await assertProcesses(lane, [await assertWitness(lane), ...apps]);
    await assertState(lane);
    lane.assertNeverTwice();
    await lane.request({ cmd: "delete", name });
  } catch (error) {
    error.message = `call ${n}, ${result.trail}: ${error.message}`;
    throw error;
  }
  return result;
}

async function openLane() {
  const lane = await Lane.open();
  await running(lane, "witness");
  return lane;
}

/** Walks all calls; several lanes share them. */
async function walk(operation) {
  const stride = strideOf(operation);
  const offset = offsetOf(stride);
  const faults = [];
  let next = offset;
  let end = Infinity;
  let last = 0;

  async function follow() {
    let lane;
    while (next < end) {
      const n = next;
      next += stride;
      if (lane === undefined) lane = await openLane();
      try {
        const { count } = await step(lane, operation, n);
        last = Math.max(last, count);
      } catch (error) {
        faults.push(error);
        if (process.env.PATIENCE) console.error(error.message.slice(0, 200));
        lane.kills = Infinity;
      }
      if (lane.passed) end = Math.min(end, n);
      if (lane.kills >= KILLS_PER_LANE || end <= next) {
        await lane.close();
        lane = undefined;
      }
    }
    await lane?.close();
  }

  await Promise.all(Array.from({ length: LANES }, follow));
  return { faults, said: `${last} calls, from ${offset} every ${stride}` };
}

for (const [what, operation] of Object.entries(OPERATIONS))
  test(`kill -9 at every call: ${what}`, async (t) => {
    const { faults, said } = await walk(operation);
    t.diagnostic(said);
    assert.deepEqual(
      faults.map(({ message }) => message),
      [],
    );
  });
