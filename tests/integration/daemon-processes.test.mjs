// Stop reaches every process of an app; a daemon that is killed at a bad moment
// leaves each app running once, or not at all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { fixture, isAlive, processesOf, waitFor } from "./helpers.mjs";

/** A family that does what it can to be left alone; each says its pid. */
const FAMILY = `
echo "main $$" >>pids
sh -c 'echo "stubborn $$" >>pids; trap "" TERM; while :; do sleep 0.1; done' &
sh -c 'echo "stopped $$" >>pids; kill -STOP $$; sleep 1000' &
setsid sh -c 'echo "session $$" >>pids; trap "" TERM HUP; sleep 1000; :' &
( ( setsid sh -c 'echo "orphan $$" >>pids; trap "" TERM HUP; sleep 1000; :' & ) & )
trap "" TERM
while :; do sleep 0.1; done
`;
const MEMBERS = ["main", "orphan", "session", "stopped", "stubborn"];

async function withFamily(t) {
  const box = commandLine(t);
  const file = box.write("family.sh", FAMILY);
  await box.done("start", file, "--kill-timeout", "200");
  const read = () =>
    readFileSync(join(box.project, "pids"), { encoding: "utf8", flag: "a+" })
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "));
  const lines = await waitFor("the family", () => {
    const found = read();
    return found.length === MEMBERS.length && found;
  });
  const pids = Object.fromEntries(lines);
  assert.deepEqual(Object.keys(pids).sort(), MEMBERS);
  return { ...box, pids: Object.values(pids).map(Number) };
}

for (const command of ["stop", "restart", "delete", "kill-daemon"])
  test(`${command} leaves nothing of a process tree`, async (t) => {
    const box = await withFamily(t);
    assert.ok(box.pids.every(isAlive));
    await box.done(
      ...(command === "kill-daemon" ? [command] : [command, "family"]),
    );
    assert.deepEqual(box.pids.filter(isAlive), []);
  });

test("what an app that ends by itself leaves behind is ended too", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "leaves.sh",
    "setsid sh -c 'echo $$ >pid; trap \"\" TERM; sleep 1000; :' &\n" +
      "until [ -s pid ]; do sleep 0.02; done\n",
  );
  await box.zpm("start", file, "--kill-timeout", "200");
  await waitFor(
    "its end",
    async () => (await box.app("leaves")).status === "stopped",
  );
  const pid = Number(readFileSync(join(box.project, "pid"), "utf8"));
  await waitFor("the end of what it left", () => !isAlive(pid));
});

/** How many processes run this app; each has an argument of its own. */
function count(box, argument) {
  return processesOf(box.home).filter(({ command }) =>
    command.includes(`sleep ${argument}`),
  ).length;
}

async function killDaemon(box) {
  const { data } = await box.wireAsk({ cmd: "hello", version: "0.1.0" });
  process.kill(data.pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(data.pid));
}

/** Asks until a daemon answers: its keeper is starting it again. */
function ask(box, ...words) {
  return waitFor(words.join(" "), async () => {
    const { code, stdout } = await box.zpm(...words, "--json");
    return code === 0 && JSON.parse(stdout);
  });
}

// A stop can be asked again; whoever asked for anything else hears of it.
for (const [command, code] of Object.entries({
  stop: 0,
  restart: 1,
  delete: 1,
}))
  test(`kill -9 of the daemon in the middle of a ${command}`, async (t) => {
    const box = commandLine(t);
    // It starts no other processes: each that is seen is a run of it.
    const file = fixture("stubborn.js");
    await box.done(
      ...["start", file, "--name", "app", "--kill-timeout", "1500"],
    );
    await box.logHas("app", "ready");
    const { pid } = await box.app("app");
    const asked = box.zpm(command, "app");
    await waitFor(
      "the stop",
      async () => (await box.app("app")).status === "stopping",
    );
    await killDaemon(box);
    assert.equal((await asked).code, code);

    const alive = () =>
      processesOf(box.home).filter(({ command: line }) => line.includes(file));
    await waitFor("the old one's end", async () => {
      assert.ok(alive().length <= 1, JSON.stringify(alive()));
      const apps = await ask(box, "list");
      const settled = apps.every(({ status }) => status !== "stopping");
      return settled && (!isAlive(pid) || apps[0]?.status === "running");
    });
    const [app] = await ask(box, "list");
    const running = alive();
    if (app?.status === "running")
      assert.deepEqual(
        running.map((one) => one.pid),
        [app.pid],
      );
    else assert.deepEqual(running, []);
    if (app !== undefined) await box.done("delete", "app");
    assert.deepEqual(alive(), []);
  });

test("kill -9 of the daemon while apps start never makes two of one", async (t) => {
  const box = commandLine(t);
  await box.done("start-daemon");
  for (let round = 0; round < 6; round++) {
    const apps = Array.from({ length: 8 }, (_, i) => ({
      name: `app${round}-${i}`,
      scriptPath: "/bin/sleep",
      args: [`${9000 + round * 10 + i}`],
    }));
    const file = box.write("apps.json", JSON.stringify(apps));
    const started = box.zpm("start", file);
    if (round % 2 === 0)
      await waitFor("the first app", () => count(box, "90") > 0);
    await killDaemon(box);
    await started;
    const listed = await waitFor("the apps", async () => {
      const all = await ask(box, "list");
      return all.every(({ status }) => status === "running") && all;
    });
    const names = listed.map(({ name }) => name);
    for (const { name, args } of apps)
      assert.equal(count(box, args[0]), names.includes(name) ? 1 : 0, name);
    await box.done("delete", "all");
    await waitFor("the end of all", () => count(box, "90") === 0);
  }
});

test("after kill -9 of daemon and keeper an app runs once", async (t) => {
  const box = commandLine(t);
  await box.done("start", "sleep", "--", "9999");
  const { pid, keeperPid } = await box.json("ping");
  process.kill(keeperPid, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await waitFor("their ends", () => !isAlive(pid) && !isAlive(keeperPid));
  await waitFor("the app", async () => {
    const [app] = await ask(box, "list");
    return app.status === "running" && count(box, "9999") === 1;
  });
});
