// zpm stop, restart, delete, and what a second start does.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { isAlive, waitFor } from "./helpers.mjs";

/** Says what it was given each time that it starts. */
const teller = 'echo "run [$*] port [$PORT] a [$A] b [$B]"; exec sleep 1000\n';

async function withApps(t, ...names) {
  const box = commandLine(t);
  const file = box.write("tell.sh", teller);
  for (const name of names) await box.done("start", file, "--name", name);
  return { ...box, file };
}

async function states(box) {
  const stats = await box.json("list");
  return Object.fromEntries(stats.map(({ name, status }) => [name, status]));
}

test("several apps are stopped, restarted and deleted at once", async (t) => {
  const box = await withApps(t, "a", "b", "c");
  const before = await box.json("stats");
  assert.equal(await box.done("stop", "a", "c"), "'a' stopped\n'c' stopped\n");
  assert.deepEqual(await states(box), {
    a: "stopped",
    b: "running",
    c: "stopped",
  });
  assert.ok(!isAlive(before[0].pid) && isAlive(before[1].pid));

  assert.match(
    await box.done("restart", "b", "a"),
    /^'b' restarted.*\n'a' restarted.*\n$/,
  );
  const after = await box.json("stats");
  assert.notEqual(after[1].pid, before[1].pid);
  assert.ok(!isAlive(before[1].pid));
  assert.equal(after[1].totalRestarts, 1);
  assert.equal(after[1].restartCount, 0);

  await box.done("delete", "a", "b");
  assert.deepEqual(await states(box), { c: "stopped" });
  assert.ok(!isAlive(after[0].pid));
});

test("all means every app, also when there is none", async (t) => {
  const box = await withApps(t, "a", "b");
  assert.equal(await box.done("restart", "all"), "restarted 2 apps\n");
  assert.equal(await box.done("stop", "all"), "stopped 2 apps\n");
  assert.deepEqual(await states(box), { a: "stopped", b: "stopped" });
  assert.deepEqual(await box.json("delete", "all"), [
    { name: "all", ok: true, message: "deleted 2 apps" },
  ]);
  assert.equal(await box.done("stop", "all"), "there are no apps\n");
  assert.ok(existsSync(box.logFile("a")), "the logs stay");
});

test("one wrong name fails; the others are done all the same", async (t) => {
  const box = await withApps(t, "first", "second");
  const { code, stdout, stderr } = await box.zpm(
    ...["stop", "first", "secnod", "second"],
  );
  assert.equal(code, 1);
  assert.equal(stdout, "'first' stopped\n'second' stopped\n");
  assert.match(stderr, /^zpm: .*'secnod'.* Did you mean 'second'\?\n$/);
  const results = JSON.parse(
    (await box.zpm("delete", "first", "nobody", "--json")).stdout,
  );
  assert.deepEqual(
    results.map(({ name, ok, code: why }) => [name, ok, why]),
    [
      ["first", true, undefined],
      ["nobody", false, "ZPM_ENOAPP"],
    ],
  );
});

test("what is asked twice is done once", async (t) => {
  const box = await withApps(t, "a");
  await box.done("stop", "a");
  assert.equal(await box.done("stop", "a"), "'a' is not running\n");
  await box.done("delete", "a");
  assert.match(await box.fails("delete", "a"), /no app 'a'/);
  assert.match(await box.fails("restart", "a"), /no app 'a'/);
});

test("restart with options changes the app first", async (t) => {
  const box = await withApps(t, "a");
  await box.done(
    ...["restart", "a", "--port", "4001", "--env", "A=1", "--", "x", "y"],
  );
  await box.logHas("a", "run [x y] port [4001] a [1] b []\n");
  await box.done("restart", "a", "--env", "B=2");
  await box.logHas("a", "run [x y] port [4001] a [1] b [2]\n");
  await box.done("restart", "a");
  await waitFor("the third", () => box.log("a").match(/b \[2\]/g).length === 2);
  assert.match(
    await box.fails("restart", "all", "--port", "1"),
    /takes no config/,
  );
  assert.match(
    await box.fails("restart", "a", "--name", "b"),
    /another name: delete it/,
  );
  const { pid } = await box.app("a");
  assert.match(await box.misused("restart", "a", "--port", "x"), /port/);
  assert.equal((await box.app("a")).pid, pid, "a wrong option changes nothing");
});

test("a start of a running app says so, and what to do", async (t) => {
  const box = await withApps(t, "a");
  const { pid } = await box.app("a");
  const nothing = `'a' is already running, pid ${pid}; nothing was done`;
  assert.equal(await box.done("start", "a"), `${nothing}\n`);
  assert.equal(
    await box.done("start", box.file, "--name", "a"),
    `${nothing}\n`,
  );
  const advice = await box.done(
    ...["start", "a", "--port", "4002", "--env", "A=1"],
  );
  assert.ok(advice.startsWith(nothing), advice);
  assert.match(advice, /It runs without your env, port: `zpm restart a`/);
  const now = await box.app("a");
  assert.equal(now.pid, pid);
  assert.equal(now.port, null);
});

test("a start of a stopped app puts new fields over the old", async (t) => {
  const box = commandLine(t);
  const file = box.write("tell.sh", teller);
  await box.done(
    ...["start", file, "--name", "a", "--port", "4003"],
    ...["--env", "A=1", "--env", "B=1", "--", "x"],
  );
  await box.logHas("a", "run [x] port [4003] a [1] b [1]\n");
  await box.done("stop", "a");
  await box.done("start", "a", "--env", "B=2");
  await box.logHas("a", "run [x] port [4003] a [1] b [2]\n");
  await box.done("stop", "a");
  await box.done("start", file, "--name", "a", "--port", "4004", "--", "y");
  await box.logHas("a", "run [y] port [4004] a [1] b [2]\n");
});

test("an app that ends well is stopped, one that fails is held", async (t) => {
  const box = commandLine(t);
  const file = box.write("end.sh", 'echo bye; exit "$1"\n');
  await box.zpm("start", file, "--name", "well", "--", "0");
  await box.zpm("start", file, "--name", "badly", "--", "7");
  await waitFor("their ends", async () => {
    const { well, badly } = await states(box);
    return well === "stopped" && badly === "errored";
  });
  const badly = await box.app("badly");
  assert.equal(badly.lastExitCode, 7);
  assert.match(badly.lastError, /7/);
  assert.equal((await box.app("well")).lastExitCode, 0);
  assert.equal(await box.done("stop", "well"), "'well' is not running\n");
});

test("an app that crashes is started again, and counted", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "crash.sh",
    'echo x >>count; [ "$(wc -l <count)" -gt 3 ] || exit 1; exec sleep 1000\n',
  );
  await box.done(
    ...["start", file, "--immediate-crash", "retry", "--min-backoff", "0"],
  );
  await waitFor("the fourth run", async () => {
    const { status, totalRestarts } = await box.app("crash");
    return status === "running" && totalRestarts === 3;
  });
  const { restartCount, lastExitCode } = await box.app("crash");
  assert.equal(restartCount, 3);
  assert.equal(lastExitCode, 1);
});

test("a stop while it waits to be started again ends that", async (t) => {
  const box = commandLine(t);
  const file = box.write("crash.sh", "exit 3\n");
  await box.zpm(
    ...["start", file, "--immediate-crash", "retry"],
    ...["--min-backoff", "3600000", "--max-backoff", "3600000"],
  );
  const waiting = await waitFor("the crash", async () => {
    const app = await box.app("crash");
    return app.status === "crashed" && app;
  });
  assert.ok(waiting.nextTryIn > 3_000_000);
  await box.done("stop", "crash");
  const { status, nextTryIn } = await box.app("crash");
  assert.deepEqual(
    { status, nextTryIn },
    { status: "stopped", nextTryIn: null },
  );
});

test("autorestart always and false are obeyed", async (t) => {
  const box = commandLine(t);
  const file = box.write("end.sh", "sleep 0.05; exit $1\n");
  await box.done(
    ...["start", file, "--name", "on", "--autorestart", "always"],
    ...["--min-backoff", "0", "--immediate-crash", "retry", "--", "0"],
  );
  await box.done("start", file, "--name", "off", "--no-autorestart", "--", "1");
  await waitFor("both", async () => {
    const [on, off] = [await box.app("on"), await box.app("off")];
    return on.totalRestarts > 1 && off.status === "errored";
  });
  assert.equal((await box.app("off")).totalRestarts, 0);
});

test("the chosen signal asks first", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "polite.sh",
    "trap 'echo got INT; exit 0' INT\ntrap 'echo got TERM' TERM\necho ready\n" +
      "while :; do sleep 0.02; done\n",
  );
  await box.done("start", file, "--kill-signal", "int");
  await box.logHas("polite", "ready");
  await box.done("stop", "polite");
  assert.equal(box.log("polite"), "ready\ngot INT\n");
});
