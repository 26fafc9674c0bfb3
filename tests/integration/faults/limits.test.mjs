// Too few descriptors, and users that an app must not become.

import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ZPMClient } from "@zuzjs/pm";

import { zpmPath } from "../cli.mjs";
import { processesOf, run, waitFor } from "../helpers.mjs";
import { fault } from "./box.mjs";
import { firstFreeFd, limit } from "./means.mjs";

const TRY_SOON = { immediateCrash: "retry", minBackoff: 20, maxBackoff: 40 };

test(
  "7: no descriptor is left: clients and starts are refused in words, and all goes on later",
  fault(async (box) => {
    const near = { name: "near", scriptPath: "sleep", args: ["99"] };
    await box.start({ ...near, ...TRY_SOON });
    const first = await box.row("near");
    const { pid } = await box.hello();
    await box.row("near"); // a connection that is there already

    const giveBack = await limit(pid, "nofile", firstFreeFd(pid));
    for (let i = 0; i < 5; i++) {
      const { code, stderr } = await box.zpm("list");
      assert.equal(code, 1);
      assert.match(stderr, /cannot take a client: too many open files/i);
    }
    const other = new ZPMClient({ home: box.home });
    await assert.rejects(other.ensureDaemon(), /cannot take a client/);
    await other.close();
    await assert.rejects(
      box.start({
        name: "late",
        scriptPath: "sleep",
        args: ["99"],
        ...TRY_SOON,
      }),
      /too many open files/i,
    );
    assert.equal((await box.row("near")).pid, first.pid);
    process.kill(first.pid, "SIGKILL");
    await waitFor("its end to be seen", async () => {
      const row = await box.row("near");
      return row.status !== "running" && row.pid !== first.pid;
    });

    await giveBack();
    const row = await box.until("near", "running");
    assert.notEqual(row.pid, first.pid);
    await box.until("late", "running");
    assert.equal((await box.wireAsk({ cmd: "ping" })).ok, true);
  }),
);

test(
  "11: a user that cannot be had is refused, and nothing runs as somebody else",
  fault(async (box) => {
    const scriptPath = box.program("who.sh", "#!/bin/sh\nid >ran\n");
    const wrong = [
      [{ user: "no-such-user" }, /no user 'no-such-user'/],
      [{ uid: 4_000_000, gid: 4_000_000 }, null],
      [{ gid: 4_000_000 }, /root|group/],
    ];
    const isRoot = process.geteuid() === 0;
    let count = 0;
    for (const [who, why] of wrong) {
      if (why === null && isRoot) continue; // root may be anybody
      await assert.rejects(
        box.start({ name: `who ${++count}`, scriptPath, ...who }),
        why ?? /only root/,
      );
    }
    await assert.rejects(async () => readFileSync(join(box.project, "ran")));
  }),
);

/** The daemon as root of a user namespace, where setgroups is forbidden; where
 * there can be none, as usual. */
async function asShamRoot(box) {
  chmodSync(box.home, 0o755);
  await run("unshare", ["--user", "--map-root-user", zpmPath, "start-daemon"], {
    env: { ...process.env, ZPM_HOME: box.home },
  });
}

test(
  "11: setgroups fails: the app does not run at all",
  fault(async (box) => {
    const scriptPath = box.program("who.sh", "#!/bin/sh\nsleep 99\n");
    const { pid } = await box.hello();
    const setgroups = readFileSync(`/proc/${pid}/setgroups`, "utf8").trim();
    const start = box.start({ name: "who", scriptPath, user: "nobody" });
    if (process.geteuid() === 0 && setgroups === "allow") {
      await start; // no namespace here: it is somebody else, then
      const row = await box.row("who");
      const status = readFileSync(`/proc/${row.pid}/status`, "utf8");
      assert.doesNotMatch(status, /^(Uid|Gid|Groups):.*\b0\b/m);
      return;
    }
    await assert.rejects(start, /nobody|as another user/);
    const copies = processesOf(box.home).filter(({ command }) =>
      command.includes("who.sh"),
    );
    assert.deepEqual(copies, []);
  }, asShamRoot),
);
