// A probe asks the process that it is for, whoever else is at the same port.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive, waitFor } from "../helpers.mjs";
import { cluster, fork, RETRY } from "./means.mjs";

const probe = (box, kind, more = "") => [
  ...[
    "--probe",
    `http://localhost:${box.port}/up,kind=${kind},interval=1${more}`,
  ],
];

const pidsOf = async (box) =>
  box.scheduling ? box.pids() : [(await box.app("web")).pid];

for (const each of [cluster, fork]) {
  each("a new version that is not ready is found out", async (box) => {
    await box.up("web.js", {
      flags: [...probe(box, "readiness"), "--ready-timeout", "1500"],
    });
    const before = await pidsOf(box);
    const load = box.load({ clients: 4 }).start();
    await load.more(20);
    box.write("version", "unready");
    const said = await box.fails("reload", "web");
    assert.match(said, /status 500/);
    await load.more(20);
    await load.stop();
    load.assertFlawless();
    // Who accepts for itself does so as soon as it listens.
    if (box.scheduling === "rr")
      assert.deepEqual(
        [...load.by.keys()].filter((pid) => !before.includes(pid)),
        [],
      );
    assert.deepEqual(await pidsOf(box), before);
    assert.ok(box.notes("probed", { version: "unready" }).length > 0);
    const asked = box.notes("probed", { version: "1" }).map(({ pid }) => pid);
    assert.deepEqual([...new Set(asked)].sort(), before.sort());
  });

  each("a new version is reloaded when it is ready", async (box) => {
    await box.up("web.js", { flags: probe(box, "readiness") });
    box.write("version", "2");
    await box.done("reload", "web");
    const ready = box.notes("probed", { version: "2" }).map(({ pid }) => pid);
    assert.deepEqual([...new Set(ready)].sort(), (await pidsOf(box)).sort());
  });
}

cluster("of two workers the sick one is restarted", async (box) => {
  await box.up("web.js", {
    flags: [...RETRY, ...probe(box, "liveness", ",failureThreshold=2")],
  });
  const [first, second] = await box.running(2);
  box.write("sick", "1");
  await waitFor("the end of the sick one", () => !isAlive(second));
  box.write("sick", "");
  const pids = await box.running(2);
  assert.equal(pids[0], first);
  assert.notEqual(pids[1], second);
  // The connections of probes are nobody's.
  for (const { connections } of await box.workers())
    assert.equal(connections, 0);
});

cluster("one that is busy is not restarted by a tcp probe", async (box) => {
  const flags = ["--probe", `tcp:${box.port},interval=0.1,failureThreshold=2`];
  await box.up("web.js", { flags });
  const before = await box.running(2);
  process.kill(before[0], "SIGSTOP");
  // More than could be on their way to it.
  await sleep(2500);
  process.kill(before[0], "SIGCONT");
  assert.deepEqual(await box.running(2), before);
});

cluster("a tcp probe of a worker passes when it listens", async (box) => {
  await box.up("web.js", {
    flags: ["--probe", `tcp:${box.port},kind=readiness,interval=1`],
  });
  await box.running(2);
  await box.done("reload", "web");
  await box.running(2);
});
