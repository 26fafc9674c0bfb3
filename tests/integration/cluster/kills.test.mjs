// Workers, all of them, or the daemon die while clients ask: nobody is
// refused, and only what was inside the killed process is lost.

import assert from "node:assert/strict";

import { isAlive, waitFor, within } from "../helpers.mjs";
import {
  cluster,
  failuresOutside,
  heldRequest,
  RETRY,
  signal,
  WINDOW,
} from "./means.mjs";

const KILLS = 6;
const watched = { faults: true };

/** Nobody was refused, and only what those killed had is lost. */
function assertLostInside(box, load, killed) {
  load.assertNoneRefused();
  const most = load.options.clients * killed.length;
  assert.ok(load.failures.length <= most, `at most ${most}: ${load}`);
  // A worker may be killed between accept() and its note of it.
  const outside = failuresOutside(box, load, killed);
  assert.ok(
    outside.length <= WINDOW * killed.length,
    `lost outside of the killed: ${JSON.stringify(outside)}`,
  );
}

/** Kills one worker after the other, while clients ask. */
async function killUnderLoad(box, load) {
  const killed = [];
  for (let i = 0; i < KILLS; i++) {
    const pids = await box.running(2);
    await load.more(50);
    signal([pids[i % 2]], "SIGKILL");
    killed.push(pids[i % 2]);
    // The other one serves meanwhile.
    await load.more(20);
    await waitFor("another one in its place", async () => {
      const now = await box.pids();
      return now[i % 2] !== null && now[i % 2] !== pids[i % 2];
    });
  }
  await box.answeredBy(await box.running(2));
  await load.more(50);
  await load.stop();
  return killed;
}

for (const keepAlive of [false, true])
  cluster(
    `kill -9 of workers${keepAlive ? ", connections kept alive" : ""}`,
    async (box, t) => {
      await box.up("web.js", { flags: RETRY });
      const load = box.load({ keepAlive }).start();
      const killed = await killUnderLoad(box, load);
      t.diagnostic(`${KILLS} kills: ${load}`);
      assertLostInside(box, load, killed);
    },
    watched,
  );

cluster(
  "all workers are killed at once: clients wait",
  async (box, t) => {
    await box.up("web.js", { flags: RETRY });
    const load = box.load().start();
    const killed = [];
    for (let i = 0; i < 3; i++) {
      const pids = await box.running(2);
      await load.more(50);
      // Stopped first, so that none of them serves when the other is gone.
      signal(pids, "SIGSTOP");
      signal(pids, "SIGKILL");
      killed.push(...pids);
      await waitFor("their end", () => !pids.some(isAlive));
      // What is asked now, nobody but a new worker can answer.
      const asked = await Promise.all(Array.from({ length: 8 }, box.ask));
      for (const { pid } of asked) assert.ok(!pids.includes(pid));
      await box.noted("listening", 2 * (i + 2));
    }
    await load.more(50);
    await load.stop();
    t.diagnostic(`${load}`);
    assertLostInside(box, load, killed);
  },
  watched,
);

cluster(
  "while no worker lives, clients wait in the backlog",
  async (box) => {
    box.write("version", "1");
    const slow = ["--immediate-crash", "retry", "--min-backoff", "2000"];
    await box.up("web.js", { flags: slow });
    const pids = await box.running(2);
    signal(pids, "SIGSTOP");
    signal(pids, "SIGKILL");
    await waitFor("their end", () => !pids.some(isAlive));
    const answers = Array.from({ length: 32 }, () => box.ask());
    for (const { pid } of await within("all answers", Promise.all(answers)))
      assert.ok(!pids.includes(pid));
  },
  watched,
);

cluster(
  "a restart of all workers refuses nobody",
  async (box, t) => {
    await box.up("web.js");
    const load = box.load().start();
    for (let i = 0; i < 3; i++) {
      const before = await box.running(2);
      await load.more(50);
      await box.done("restart", "web");
      const pids = await box.running(2);
      assert.ok(pids.every((pid) => !before.includes(pid)));
    }
    await load.more(50);
    await load.stop();
    t.diagnostic(`${load}`);
    load.assertNoneRefused();
  },
  watched,
);

cluster(
  "a worker that crashes of itself, again and again",
  async (box, t) => {
    await box.up("web.js", { flags: RETRY });
    const [first] = await box.running(2);
    const load = box.load().start();
    // From now on no new one of instance 1 comes up.
    box.write("version", "exit of 1");
    signal([(await box.pids())[1]], "SIGKILL");
    await box.noted("start", 5);
    await load.more(100);
    box.write("version", "1");
    await box.running(2);
    await load.stop();
    t.diagnostic(`${load}`);
    load.assertNoneRefused();
    assert.equal((await box.pids())[0], first);
  },
  watched,
);

for (const keepAlive of [false, true])
  cluster(
    `kill -9 of the daemon${keepAlive ? ", connections kept alive" : ""}`,
    async (box, t) => {
      await box.up("web.js");
      const pids = await box.running(2);
      const load = box.load({ keepAlive }).start();
      const kills = 3;
      for (let i = 0; i < kills; i++) {
        await load.more(50);
        await box.killDaemon();
        await load.more(50);
        assert.deepEqual(await box.running(2), pids);
        assert.ok(pids.every(isAlive));
      }
      await load.stop();
      t.diagnostic(`${kills} kills: ${load}`);
      load.assertNoneRefused();
      // What it had accepted and not yet handed over, and that is all.
      const hands = ["rr", "auto"].includes(box.scheduling);
      const most = hands ? WINDOW * pids.length * kills : 0;
      assert.ok(load.failures.length <= most, `at most ${most}: ${load}`);
      await box.answeredBy(pids);
      assert.equal(box.notes("start").length, 2);
      // The new one is their primary in every respect.
      await box.done("reload", "web");
      const renewed = await box.running(2);
      assert.ok(renewed.every((pid) => !pids.includes(pid)));
      await box.answeredBy(renewed);
    },
    watched,
  );

cluster(
  "a worker dies while there is no daemon",
  async (box) => {
    await box.up("web.js", { flags: RETRY });
    const pids = await box.running(2);
    const daemon = await box.daemonPid();
    process.kill(daemon, "SIGSTOP");
    signal([pids[0]], "SIGKILL");
    process.kill(daemon, "SIGKILL");
    await box.noted("listening", 3);
    const now = await box.running(2);
    assert.equal(now[1], pids[1]);
    assert.notEqual(now[0], pids[0]);
    await box.answeredBy(now);
  },
  watched,
);

cluster(
  "the daemon dies in the middle of a reload",
  async (box) => {
    await box.up("web.js", { flags: ["--drain-timeout", "600000"] });
    const load = box.load({ clients: 4 }).start();
    const held = await heldRequest(box);
    const reload = box.zpm("reload", "web");
    await box.noted("listening", 3);
    await box.killDaemon();
    await reload;
    await held.finish();
    // Whatever becomes of the reload: two workers, no third one, and service.
    await waitFor("two workers, and no more", async () => {
      const pids = box.living();
      const known = (await box.pids()).sort();
      return pids.length === 2 && `${pids}` === `${known}`;
    });
    await box.answeredBy(await box.running(2));
    await load.stop();
    load.assertNoneRefused();
  },
  watched,
);

cluster(
  "daemon and keeper die at once: the next command brings the app back",
  async (box) => {
    await box.up("web.js");
    await box.running(2);
    const { pid, keeperPid } = await box.json("ping");
    // Stopped first, so that neither can react to the end of the other.
    signal([pid, keeperPid], "SIGSTOP");
    signal([pid, keeperPid], "SIGKILL");
    await waitFor("their end", () => !isAlive(pid) && !isAlive(keeperPid));
    await box.done("list");
    await box.noted("listening", 4);
    await box.answeredBy(await box.running(2));
    await waitFor("no more than two", () => box.living().length === 2);
  },
);
