// In fork mode: the old process gives its socket to the new one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandLine } from "../cli.mjs";
import { fixture, freePort, isAlive, waitFor } from "../helpers.mjs";
import { closed, fork, heldRequest, RELOADS } from "./means.mjs";

const pidOf = async (box) => (await box.app("web")).pid;

for (const keepAlive of [false, true])
  fork(
    `${RELOADS} reloads under load lose nothing, ${keepAlive ? "connections kept alive" : "a connection each"}`,
    async (box, t) => {
      await box.up("web.js");
      const load = box.load({ keepAlive }).start();
      for (let i = 2; i < RELOADS + 2; i++) {
        await load.more(50);
        const before = await pidOf(box);
        box.write("version", `${i}`);
        assert.match(await box.done("reload", "web"), /reloaded, 1 process/);
        assert.equal((await box.ask()).version, `${i}`);
        assert.deepEqual(box.living(), [await pidOf(box)]);
        assert.ok(!isAlive(before), "the old one has ended");
      }
      await load.more(50);
      await load.stop();
      t.diagnostic(`${load}`);
      load.assertFlawless();
      const row = await box.app("web");
      assert.equal(row.status, "running");
      assert.equal(row.restartCount, 0);
    },
    { faults: true },
  );

for (const host of ["::", "0.0.0.0", "::1"])
  fork(`a server at ${host} is reloaded`, async (box) => {
    const target = host === "::1" ? { host } : {};
    await box.up("web.js", { args: [box.port, host] });
    const load = box.load(target).start();
    await load.more(20);
    box.write("version", "2");
    assert.match(await box.done("reload", "web"), /reloaded, 1 process/);
    assert.equal((await box.ask(target)).version, "2");
    await load.stop();
    load.assertFlawless();
  });

fork(
  "what the old one does it finishes, then it is told to end",
  async (box) => {
    await box.up("web.js", { flags: ["--drain-timeout", "600000"] });
    const held = await heldRequest(box);
    box.write("version", "2");
    const reload = box.done("reload", "web");
    await box.noted("listening", 1, { version: "2" });
    await waitFor("the new one alone to answer", async () => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => box.ask()));
      return answers.every(({ version }) => version === "2");
    });
    assert.ok(isAlive(held.pid));
    assert.equal((await held.finish()).version, "1");
    await reload;
    assert.equal(box.notes("SIGTERM", { version: "1" }).length, 1);
  },
);

fork("drainTimeout ends what does not come to an end", async (box) => {
  await box.up("web.js", { flags: ["--drain-timeout", "300"] });
  const held = await heldRequest(box);
  box.write("version", "2");
  await box.done("reload", "web");
  assert.ok(!isAlive(held.pid));
  await assert.rejects(held.answer);
  assert.equal((await box.ask()).version, "2");
});

fork("a new version that does not come up changes nothing", async (box) => {
  await box.up("web.js", { flags: ["--ready-timeout", "1000"] });
  const before = await pidOf(box);
  const load = box.load().start();
  box.write("version", "exit");
  assert.match(await box.fails("reload", "web"), /exit code 3.*old process/s);
  box.write("version", "mute");
  assert.match(await box.fails("reload", "web"), /not ready in time/);
  assert.equal(await pidOf(box), before);
  await load.more(20);
  await load.stop();
  load.assertFlawless();
  assert.deepEqual(box.living(), [before]);
  assert.deepEqual([...load.by.keys()], [before]);
});

fork("a new version cannot move to another address", async (box) => {
  await box.up("web.js");
  box.write("version", "elsewhere");
  await box.fails("reload", "web");
  assert.match(box.log("web", "err"), /EADDRINUSE/);
  assert.equal((await box.ask()).version, "1");
});

fork("all of its sockets are given, and closed if not used", async (box) => {
  const other = await freePort();
  await box.up("doors.js", { args: [box.port, other] });
  const load = [box.port, other].map((port) => box.load({ port }));
  for (const one of load) await one.start().more(20);
  await box.done("reload", "web");
  await box.noted("listening", 2);
  for (const one of load) await one.more(20);
  for (const one of load) (await one.stop()).assertFlawless();
  box.write("version", "one door");
  await box.done("reload", "web");
  await box.ask();
  assert.ok(await closed({ port: other }));
});

fork("a restart after a reload binds the port anew", async (box) => {
  await box.up("web.js");
  await box.done("reload", "web");
  const before = await pidOf(box);
  await box.done("restart", "web");
  await waitFor("an answer of another one", async () => {
    const { pid } = await box.ask().catch(() => ({ pid: before }));
    return pid !== before;
  });
  await box.done("stop", "web");
  assert.ok(await closed({ port: box.port }));
});

fork("the daemon may die during a reload", async (box) => {
  await box.up("web.js", { flags: ["--drain-timeout", "600000"] });
  const held = await heldRequest(box);
  box.write("version", "2");
  const reload = box.zpm("reload", "web");
  await box.noted("listening", 1, { version: "2" });
  await box.killDaemon();
  await reload;
  await held.finish().catch(() => {});
  await waitFor("one process", async () => box.living().length === 1);
  await waitFor(
    "its answer",
    async () => (await box.ask()).pid === box.living()[0],
  );
  assert.equal(await pidOf(box), box.living()[0]);
});

fork("who listens at a path, too, is restarted", async (box) => {
  await box.up("doors.js", { args: [box.port, "web.sock"] });
  const before = await pidOf(box);
  assert.match(await box.done("reload", "web"), /was restarted/);
  await box.running(1);
  assert.notEqual(await pidOf(box), before);
});

fork(
  "who does not answer is restarted",
  async (box) => {
    await box.up("web.js");
    const before = await pidOf(box);
    process.kill(before, "SIGSTOP");
    assert.match(await box.done("reload", "web"), /was restarted/);
    await waitFor("an answer of another one", async () => {
      const { pid } = await box.ask().catch(() => ({ pid: before }));
      return pid !== before;
    });
  },
  { faults: true },
);

test("who has no port, or is no Node server, is restarted", async (t) => {
  const box = commandLine(t);
  const isRestarted = async (name) => {
    const { pid } = await box.app(name);
    assert.match(await box.done("reload", name), /fork mode.*--cluster/);
    await waitFor("another one", async () => {
      const row = await box.app(name);
      return row.status === "running" && row.pid !== pid;
    });
    assert.ok(!isAlive(pid));
  };
  await box.done("start", fixture("tick.js"));
  await box.logHas("tick", "tick 1");
  await isRestarted("tick");
  await box.done("start", "sleep", "--port", "7", "--", "1000");
  await isRestarted("sleep");
});
