// Workers that do to their channel what nobody should, or do not read it: the
// others, and other apps, notice nothing.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

import { assertGrowth, rssOf } from "../faults/box.mjs";
import { freePort, isAlive, waitFor } from "../helpers.mjs";
import { cluster, RETRY, signal } from "./means.mjs";

/** What the daemon may hold of one worker, for lines and queues, at most. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_FDS = 300;

/** By chance, half of the connections are the blocked worker's: they wait. */
const notByChance = { faults: true, but: ["reuseport"] };

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

for (const [how, what] of [
  ["line", "a line that does not end"],
  ["flood", "messages without end"],
  ["handles", "handles without end"],
  ["nonsense", "what is no message, or a wrong one"],
])
  cluster(
    what,
    async (box, t) => {
      const other = await freePort();
      await box.up("abuses.js", { args: [box.port, how], flags: RETRY });
      await box.start("web.js", { name: "other", args: [other], instances: 1 });
      await box.noted("listening", 3);
      const pids = await box.running(2);
      const daemon = await box.daemonPid();
      const before = { rss: rssOf(daemon), fds: descriptors(daemon) };
      const neighbour = box.load({ port: other, clients: 2 }).start();

      signal([pids[0]], "SIGUSR2");
      await box.noted("begun", 1);
      await waitFor("an end of it", async () => {
        assertGrowth(daemon, { before: before.rss, most: MOST_BYTES });
        const fds = descriptors(daemon) - before.fds;
        assert.ok(fds <= MOST_FDS, `${fds} descriptors more`);
        const ends = [...box.notes("done"), ...box.notes("cut off")];
        return ends.length > 0 || !isAlive(pids[0]);
      });
      const [cut] = box.notes("cut off");
      const borne = box.notes("done").length > 0;
      t.diagnostic(borne ? "borne" : `cut off: ${cut?.code ?? "killed"}`);
      await neighbour.more(50);
      await neighbour.stop();
      neighbour.assertFlawless();

      // The other worker is the same one, and serves; so does the daemon.
      assert.equal(await box.daemonPid(), daemon);
      assert.equal((await box.pids())[1], pids[1]);
      await box.answeredBy([pids[1]]);
      await box.done("restart", "web");
      await box.answeredBy(await box.running(2));
      await box.ask({ port: other });
      await box.done("delete", "other");
    },
    { faults: true },
  );

cluster(
  "a worker whose loop stands still: the other serves",
  async (box, t) => {
    await box.up("blocks.js");
    const pids = await box.running(2);
    const load = box.load().start();
    await load.more(20);
    signal([pids[0]], "SIGUSR2");
    await box.noted("blocked", 1);
    const before = load.by.get(pids[1]) ?? 0;
    await load.more(100);
    assert.ok(load.by.get(pids[1]) > before);
    // More than its channel can hold would be waiting by now.
    box.write("free", "");
    await load.stop();
    t.diagnostic(`${load}`);
    load.assertFlawless();
    await box.answeredBy(pids);
    assert.deepEqual(await box.running(2), pids);
  },
  notByChance,
);

cluster(
  "a worker that is stopped by SIGSTOP, and goes on",
  async (box) => {
    await box.up("web.js");
    const pids = await box.running(2);
    const load = box.load().start();
    await load.more(20);
    signal([pids[0]], "SIGSTOP");
    await load.more(100);
    signal([pids[0]], "SIGCONT");
    await load.stop();
    load.assertFlawless();
    await box.answeredBy(pids);
  },
  notByChance,
);
