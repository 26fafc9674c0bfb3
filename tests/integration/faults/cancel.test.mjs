// Whatever is under way when somebody wants something else: the last wish
// wins, at once, and nothing of what was under way is left.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import {
  fixture,
  freePort,
  isAlive,
  processesOf,
  waitFor,
  within,
} from "../helpers.mjs";
import { fault } from "./box.mjs";

const SLOW = 600_000; /* ms; nothing here may wait for it */

const running = (box, word) =>
  processesOf(box.home).filter(({ command }) => command.includes(word));

const isStatus = (box, status) => async () =>
  (await box.row("a"))?.status === status;

/** A listener that takes no notice of SIGTERM. */
async function holdPort(t, port) {
  const script = `process.on("SIGTERM", () => {});
    require("node:net").createServer().listen(${port}, "127.0.0.1",
      () => console.log("up"));`;
  const holder = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH },
  });
  t.after(() => holder.kill("SIGKILL"));
  await within("the listener", once(holder.stdout, "data"));
  return holder;
}

/**
 * What can be under way.  Each gives the app's fields, and `reached`: whether
 * it is there.  `begin`, if there is one, brings it about after the start.
 */
const TRANSITIONS = {
  "the start of its program": () => ({ config: {}, reached: () => true }),
  "its warming up": (box) => ({
    config: { waitReady: true, readyTimeout: SLOW },
    reached: isStatus(box, "starting"),
  }),
  "an exec probe that it waits for": (box) => ({
    config: {
      probe: {
        type: "exec",
        kind: "readiness",
        target: `sh -c '(setsid sleep 1234 &) ; sleep 1234'`,
        timeoutSeconds: 600,
      },
    },
    reached: () => running(box, "sleep 1234").length >= 2,
  }),
  "the wait after a crash": (box) => ({
    config: {
      scriptPath: "/bin/false",
      args: [],
      immediateCrash: "retry",
      minBackoff: SLOW,
      maxBackoff: SLOW,
    },
    reached: isStatus(box, "crashed"),
  }),
  "the wait for its files after a build error": (box) => ({
    config: { scriptPath: "/bin/false", args: [] },
    reached: isStatus(box, "errored"),
  }),
  "a stop that it ignores": (box) => ({
    config: { scriptPath: fixture("stubborn.js"), args: [], killTimeout: 300 },
    begin: async () => {
      await box.logHas("a", "ready");
      void box.client.stop("a").catch(() => {});
    },
    reached: isStatus(box, "stopping"),
  }),
  "the clearing of its port": async (box, t) => {
    const port = await freePort();
    await holdPort(t, port);
    return { config: { port }, reached: isStatus(box, "starting") };
  },
  "its reloadCommand": (box) => ({
    config: {
      watch: [box.project],
      reloadCommand: "(setsid sleep 4321 &); sleep 4321",
    },
    begin: async () => {
      const file = join(box.project, "changed.txt");
      await waitFor("the build to begin", () => {
        writeFileSync(file, `${performance.now()}`);
        return running(box, "sleep 4321").length >= 2;
      });
    },
    reached: () => running(box, "sleep 4321").length >= 2,
  }),
};

/** What somebody may want then, and what must be true afterwards. */
const WISHES = {
  stop: async (box) => {
    await box.client.stop("a");
    const row = await box.row("a");
    assert.equal(row.status, "stopped");
    await nothingOf(box);
  },
  restart: async (box) => {
    const config = { scriptPath: "sleep", args: ["999"], probe: [] };
    const plain = { waitReady: false, watch: [] };
    await box.client.restart("a", { ...config, ...plain });
    const row = await box.row("a");
    assert.ok(["running"].includes(row.status), row.status);
    await waitFor("one process", () => appsOf(box).length === 1);
    assert.equal(appsOf(box)[0].pid, row.pid);
  },
  delete: async (box) => {
    await box.client.delete("a");
    assert.deepEqual(await box.client.list(), []);
    await nothingOf(box);
  },
};

/** Processes of the home that are neither daemon nor keeper. */
const appsOf = (box) =>
  processesOf(box.home).filter(
    ({ command }) => !/ daemon --namespace /.test(command),
  );

/** The app is gone at once; what a command beside it (a probe's, a build's) has
 * left was killed with it, and goes a moment later. */
async function nothingOf(box) {
  const isBeside = ({ command }) => /sleep (1234|4321)/.test(command);
  assert.deepEqual(
    appsOf(box).filter((one) => !isBeside(one)),
    [],
  );
  await waitFor("the end of the commands", () => appsOf(box).length === 0);
}

async function giveWay(box, t, { what, prepare, wish }) {
  const under = await prepare(box, t);
  const start = box.client.start({
    name: "a",
    scriptPath: "sleep",
    args: ["1000"],
    cwd: box.project,
    ...under.config,
  });
  const outcome = start.catch((error) => error);
  await under.begin?.();
  await waitFor(what, under.reached);
  await within(what, wish(box));
  await within("an answer to the start", outcome);
  await box.client.delete("all");
  await nothingOf(box);
}

for (const [what, prepare] of Object.entries(TRANSITIONS))
  for (const [name, wish] of Object.entries(WISHES))
    test(
      `29: ${what} gives way to a ${name}`,
      fault((box, t) => giveWay(box, t, { what, prepare, wish })),
    );

test(
  "29: many wishes at once: each is answered, and the last one is what happens",
  fault(async (box) => {
    const config = { name: "a", scriptPath: "sleep", args: ["1000"] };
    await box.client.start({ ...config, cwd: box.project });
    const wire = box.wire();
    const wishes = ["restart", "stop", "start", "restart", "stop", "restart"];
    for (let round = 0; round < 20; round++)
      for (const [i, cmd] of wishes.entries())
        wire.send(
          `${JSON.stringify({ id: round * 10 + i, cmd, name: "a" })}\n`,
        );
    const answered = new Set();
    for (let i = 0; i < 20 * wishes.length; i++) {
      const { id, ok, code } = await wire.next();
      assert.ok(ok || code === "ZPM_ESUPERSEDED", code);
      answered.add(id);
    }
    assert.equal(answered.size, 20 * wishes.length);
    const row = await box.until("a", "running");
    assert.deepEqual(
      appsOf(box).map(({ pid }) => pid),
      [row.pid],
    );
    assert.ok(isAlive(row.pid));
    wire.close();
  }),
);
