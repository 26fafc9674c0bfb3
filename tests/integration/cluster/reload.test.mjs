// Another version takes over without a failed request, or not at all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "../cli.mjs";
import { fixture, freePort, isAlive, waitFor, within } from "../helpers.mjs";
import {
  cluster,
  closed,
  heldRequest,
  Load,
  nodeOf,
  RELOADS,
} from "./means.mjs";

const PATIENT = ["--drain-timeout", "600000"];

const noneOf = (pids, before) =>
  assert.ok(
    pids.every((pid) => !before.includes(pid)),
    `${pids} after ${before}`,
  );

for (const keepAlive of [false, true])
  cluster(
    `${RELOADS} reloads under load lose nothing, ${keepAlive ? "connections kept alive" : "a connection each"}`,
    async (box, t) => {
      await box.up("web.js");
      const load = box.load({ keepAlive }).start();
      for (let i = 2; i < RELOADS + 2; i++) {
        await load.more(50);
        const before = await box.running(2);
        box.write("version", `${i}`);
        await box.done("reload", "web");
        // When the command returns it is done.
        const pids = await box.pids();
        noneOf(pids, before);
        assert.equal((await box.ask()).version, `${i}`);
        assert.ok(!before.some(isAlive), "the old ones have ended");
      }
      await load.more(50);
      await load.stop();
      t.diagnostic(`${load}`);
      load.assertFlawless();
      assert.equal(box.living().length, 2);
      // Asked for: no restart, no crash.
      const row = await box.app("web");
      assert.equal(row.status, "running");
      assert.equal(row.restartCount, 0);
    },
  );

cluster(
  "slot by slot: the new one is ready before the old drains",
  async (box) => {
    await box.up("web.js", { instances: 3 });
    box.write("version", "2");
    await box.done("reload", "web");
    await box.noted("exit", 3, { version: "1" });
    const notes = box.notes();
    const at = (event, version, instance) =>
      notes.findIndex(
        (note) =>
          note.event === event &&
          note.version === version &&
          note.instance === instance,
      );
    for (const slot of [0, 1, 2])
      assert.ok(
        at("listening", "2", slot) < at("exit", "1", slot),
        `slot ${slot}: ${JSON.stringify(notes)}`,
      );
    const starts = notes.filter(
      ({ event, version }) => event === "start" && version === "2",
    );
    const order = starts.map(({ instance }) => instance);
    assert.equal(order.length, 3);
    for (const i of [1, 2])
      assert.ok(
        at("start", "2", order[i]) > at("listening", "2", order[i - 1]),
        `one after another: ${JSON.stringify(notes)}`,
      );
  },
);

cluster("--parallel: more than one slot at once", async (box) => {
  await box.up("web.js", { instances: 4 });
  const before = await box.running(4);
  const load = box.load({ clients: 4 }).start();
  box.write("version", "2");
  await box.done("reload", "web", "--parallel", "4");
  const pids = await box.running(4);
  noneOf(pids, before);
  await load.stop();
  load.assertFlawless();
  const order = box.notes().filter(({ version }) => version === "2");
  // All are started before the first old one has to go.
  const exit = box.notes().findIndex(({ event }) => event === "exit");
  const fourth = box
    .notes()
    .indexOf(
      box
        .notes()
        .filter(
          ({ event, version }) => event === "start" && version === "2",
        )[3],
    );
  assert.ok(exit > fourth, JSON.stringify(order));
});

cluster("what a worker still has to answer is answered", async (box) => {
  await box.up("web.js", { flags: PATIENT });
  const held = await heldRequest(box);
  const reload = box.zpm("reload", "web");
  await box.noted("listening", 3);
  // Others are served by whoever does not drain.
  await box.ask();
  await waitFor("the new one of that slot", () => {
    const [{ instance }] = box.notes("start", { pid: held.pid });
    return box.notes("listening", { instance }).length === 2;
  });
  const { pid, headers } = await held.finish();
  assert.equal(pid, held.pid);
  assert.equal(headers.connection, "close");
  assert.equal((await reload).code, 0);
  assert.ok(!(await box.pids()).includes(held.pid));
});

cluster("drainTimeout ends what does not come to an end", async (box) => {
  await box.up("web.js", { flags: ["--drain-timeout", "300"] });
  const before = await box.running(2);
  const held = await heldRequest(box);
  await box.done("reload", "web");
  await assert.rejects(within("its end", held.answer));
  noneOf(await box.pids(), before);
  assert.ok(!before.some(isAlive));
});

cluster("a kept connection is told to close, not cut", async (box) => {
  await box.up("web.js", { instances: 1, flags: PATIENT });
  const [old] = await box.running(1);
  // Keeps the old one from leaving before the other has asked again.
  const held = await heldRequest(box);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await box.ask({ agent })).headers.connection, "keep-alive");
  const reload = box.zpm("reload", "web");
  let answer;
  await waitFor("the last answer", async () => {
    answer = await box.ask({ agent });
    return answer.headers.connection === "close" || answer.pid !== old;
  });
  assert.equal(answer.pid, old);
  assert.equal(answer.headers.connection, "close");
  const { pid } = await box.ask({ agent });
  // Who listens by itself may take another one until it has left.
  if (box.scheduling === "rr") assert.notEqual(pid, old);
  agent.destroy();
  await held.finish();
  assert.equal((await reload).code, 0);
});

for (const [version, why] of [
  ["exit", /web.*(exit|code) .*3/s],
  ["exit of 1", /web.*(exit|code) .*3/s],
  ["mute", /web.*ready/s],
])
  cluster(`a version that does not come up: ${version}`, async (box) => {
    await box.up("web.js", { flags: ["--ready-timeout", "1000"] });
    const before = await box.running(2);
    const load = box.load({ clients: 4 }).start();
    box.write("version", version);
    const said = await box.fails("reload", "web");
    assert.match(said, why);
    const journal = join(box.home, "zuz-pm", "daemon.log");
    assert.match(readFileSync(journal, "utf8"), /'web': was not reloaded: /);
    await load.more(20);
    const pids = await box.running(2);
    // Slot 0 of the second one was well.
    const kept = version === "exit of 1" ? 1 : 0;
    assert.deepEqual(pids.slice(kept), before.slice(kept));
    await waitFor("the end of the new one", () => box.living().length === 2);
    await box.answeredBy(pids);
    // A good one comes through after that.
    box.write("version", "2");
    await box.done("reload", "web");
    noneOf(await box.running(2), [...before, ...pids]);
    await load.stop();
    load.assertFlawless();
  });

cluster("waitReady: a version that does not say so stays out", async (box) => {
  const script = box.write(
    "app.js",
    `if (!require("fs").existsSync("mute")) process.send("ready");
     require("http").createServer((request, response) =>
       response.end(String(process.pid))).listen(process.argv[2], "127.0.0.1",
       () => require(${JSON.stringify(fixture("cluster/note.js"))})("listening"));`,
  );
  await box.up(script, { flags: ["--wait-ready", "--ready-timeout", "1000"] });
  const before = await box.running(2);
  box.write("mute", "");
  assert.match(await box.fails("reload", "web"), /ready/);
  assert.deepEqual(await box.running(2), before);
  await box.answeredBy(before);
});

cluster("who never listens is reloaded when it is online", async (box) => {
  await box.start("identity.js");
  const before = await box.running(2);
  await box.done("reload", "web");
  noneOf(await box.running(2), before);
  // Online is said before the program begins.
  assert.equal((await box.noted("start", 4)).length, 4);
});

cluster("all, and by JavaScript", async (box) => {
  await box.up("web.js");
  const other = await freePort();
  await box.start("web.js", { name: "other", args: [other] });
  await box.noted("listening", 4);
  const before = [
    ...(await box.running(2)),
    ...(await box.running(2, "other")),
  ];
  await box.done("reload", "all");
  const after = [...(await box.running(2)), ...(await box.running(2, "other"))];
  noneOf(after, before);
  const client = box.client();
  await client.reload("web");
  noneOf(await box.pids(), after.slice(0, 2));
  assert.deepEqual(await box.pids("other"), after.slice(2));
  await box.ask({ port: other });
  box.write("version", "exit");
  await assert.rejects(client.reload("web"), /(exit|code) .*3/);
  await assert.rejects(client.reload("nobody"), /nobody/);
  await box.done("delete", "other");
  await waitFor("the end of the port", () => closed({ port: other }));
});

cluster("started by JavaScript", async (box) => {
  const client = box.client();
  await client.start(
    {
      name: "web",
      scriptPath: fixture("cluster/web.js"),
      args: [`${box.port}`],
      cwd: box.project,
      mode: "cluster",
      instances: 2,
      scheduling: box.scheduling,
      ...(box.node && { interpreterCommand: await nodeOf(box.node) }),
    },
    { wait: true },
  );
  await box.noted("listening", 2);
  const { config } = await client.describe("web");
  assert.deepEqual(
    [config.mode, config.instances, config.scheduling],
    ["cluster", 2, box.scheduling],
  );
  await box.answeredBy(await box.pids());
});

cluster("a stop in the middle of a reload", async (box) => {
  await box.up("web.js");
  box.write("version", "mute");
  const reload = box.zpm("reload", "web");
  await box.noted("start", 3);
  await box.done("stop", "web");
  assert.notEqual((await reload).code, 0);
  assert.equal((await box.app("web")).status, "stopped");
  await waitFor("the end of all", () => box.living().length === 0);
  assert.ok(await closed({ port: box.port }));
});

cluster("a stop waits for no drain", async (box) => {
  await box.up("web.js", { flags: PATIENT });
  const before = await box.running(2);
  const held = await heldRequest(box);
  const reload = box.zpm("reload", "web");
  const [{ instance }] = box.notes("start", { pid: held.pid });
  await waitFor("the other of that slot", () => {
    return box.notes("listening", { instance }).length === 2;
  });
  await box.done("stop", "web");
  await reload;
  await assert.rejects(held.answer);
  assert.ok(!before.some(isAlive));
  assert.deepEqual(box.living(), []);
});

cluster("two reloads at once do no harm", async (box) => {
  await box.up("web.js");
  const before = await box.running(2);
  const load = box.load({ clients: 4 }).start();
  const codes = (
    await Promise.all([box.zpm("reload", "web"), box.zpm("reload", "web")])
  ).map(({ code }) => code);
  assert.ok(codes.includes(0), `${codes}`);
  noneOf(await box.running(2), before);
  await waitFor("no more than two", () => box.living().length === 2);
  await load.stop();
  load.assertFlawless();
});

cluster("a path outlives a reload", async (box) => {
  const path = join(box.home, "web.sock");
  await box.up("listens.js", { args: [JSON.stringify([{ path }])] });
  const before = await box.running(2);
  const load = box.load({ clients: 4, socketPath: path }).start();
  await load.more(20);
  await box.done("reload", "web");
  noneOf(await box.running(2), before);
  await load.more(20);
  await load.stop();
  load.assertFlawless();
});

test("a program that is not Node's has the socket of its port", async (t) => {
  const box = commandLine(t);
  const port = await freePort();
  const flags = ["--cluster", "--instances", "2", "--name", "web"];
  const script = fixture("cluster/activated.py");
  const refusal = await box.fails("start", script, ...flags);
  assert.match(refusal, /needs a port/);
  await box.done("start", script, ...flags, "--port", `${port}`);
  const load = new Load({ port, clients: 4 }).start();
  await load.more(20);
  const pids = async () =>
    (await box.app("web")).workers.map(({ pid }) => pid).filter(Boolean);
  const before = await pids();
  await box.done("reload", "web");
  noneOf(await pids(), before);
  await load.more(20);
  await load.stop();
  load.assertFlawless();
  await box.done("delete", "web");
  await waitFor("the port to be closed", () => closed({ port }));
});

test("instances of an app in fork mode are said to be in vain", async (t) => {
  const box = commandLine(t);
  const said = await box.done(
    ...["start", "sleep", "--instances", "4", "--", "1000"],
  );
  assert.match(said, /instances count in cluster mode only/);
  assert.equal((await box.app("sleep")).instances, 1);
  assert.match(await box.done("reload", "sleep"), /fork mode.*--cluster/);
});
