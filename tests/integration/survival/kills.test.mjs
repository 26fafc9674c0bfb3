// Many apps, many kills: nobody is restarted, no line is lost or doubled, all
// exit codes are known.  ZPM_KILLS=all does as many as documented
// (docs/reliability.md); otherwise there are fewer, so that it is quick.

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ballast, smallDisk } from "../faults/means.mjs";
import { instrumented } from "../cli.mjs";
import { freePort, isAlive, next } from "../helpers.mjs";
import { Lane, soon } from "./means.mjs";

const all = process.env.ZPM_KILLS === "all";
const APPS = all ? 100 : instrumented ? 10 : 40;
const KILLS = all ? 100 : instrumented ? 6 : 9;
const EVERY_US = 10_000;

async function inLane(act) {
  const lane = await Lane.open();
  try {
    await act(lane);
  } finally {
    await lane.close();
  }
}

/** Starts that many apps that write; their names. */
async function startWriters(lane, count, config = {}) {
  const names = Array.from({ length: count }, (_, i) => `w${i}`);
  const configs = names.map((name) =>
    lane.pulse(name, { everyUs: EVERY_US, ...config }),
  );
  await lane.ask({ cmd: "start-many", configs });
  for (const name of names) await lane.started(name);
  return names;
}

/** Stops all of them, then looks at every line that they have written. */
async function assertUntouched(lane, names) {
  const rows = await lane.rows();
  for (const name of names) {
    const row = rows.find((one) => one.name === name);
    assert.deepEqual(
      [row?.status, row?.totalRestarts, row?.pid],
      ["running", 0, lane.starts(name)[0]],
      name,
    );
    assert.equal(lane.starts(name).length, 1, name);
  }
  lane.assertNeverTwice();
  await lane.ask({ cmd: "stop", name: "all" });
  let lines = 0;
  for (const name of names) {
    await lane.assertLog(name);
    lines += lane.written(name, lane.starts(name)[0]);
  }
  return lines;
}

async function killDaemons(lane, kills) {
  for (let i = 0; i < kills; i++) {
    await sleep(Math.random() * 60);
    await lane.killDaemon();
  }
}

for (const [what, config, part] of [
  ["", {}, 1],
  [", with timestamps", { logs: { timestamps: true } }, 3],
  [", while logs rotate", { logs: { maxSizeBytes: 4000, maxFiles: 1000 } }, 3],
])
  test(`the daemon is killed again and again${what}`, (t) =>
    inLane(async (lane) => {
      const apps = Math.ceil(APPS / part);
      const kills = Math.ceil(KILLS / part);
      const names = await startWriters(lane, apps, config);
      await killDaemons(lane, kills);
      const lines = await assertUntouched(lane, names);
      t.diagnostic(`${apps} apps, ${kills} kills, ${lines} lines`);
    }));

test("keeper and daemon are killed in turns", (t) =>
  inLane(async (lane) => {
    const turns = all ? 15 : 3;
    const names = await startWriters(lane, Math.ceil(APPS / 2));
    for (let i = 0; i < turns; i++) {
      await sleep(Math.random() * 60);
      await lane.killKeeper();
      await sleep(Math.random() * 60);
      await lane.killDaemon();
    }
    const lines = await assertUntouched(lane, names);
    t.diagnostic(`${names.length} apps, ${2 * turns} kills, ${lines} lines`);
  }));

test("exits that nobody was there to see are all known", () =>
  inLane(async (lane) => {
    const codes = Array.from({ length: 20 }, (_, i) => 10 + i);
    for (const code of codes) {
      const name = `e${code}`;
      await lane.start(lane.pulse(name, { code, autorestart: false }));
      await lane.started(name);
    }
    process.kill(lane.pid, "SIGSTOP");
    for (const code of codes)
      process.kill(lane.starts(`e${code}`)[0], "SIGUSR2");
    await lane.killDaemon();
    await lane.killDaemon();
    await soon("all exits", async () => {
      const rows = await lane.rows();
      return rows.every(({ status }) => status === "errored") && rows;
    });
    for (const { name, lastExitCode, totalRestarts } of await lane.rows())
      assert.deepEqual([`e${lastExitCode}`, totalRestarts], [name, 0]);
    for (const code of codes) await lane.assertLog(`e${code}`);
  }));

test("a full disk that gets room again costs what is counted, no more", () =>
  inLane(async (lane) => {
    const folder = join(lane.folder, "logs", "w0");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const disk = await smallDisk(folder, "256k");
    if (disk === null) return; // 4: in faults/disk.test.mjs is the weaker one
    try {
      const [name] = await startWriters(lane, 1);
      const [pid] = lane.starts(name);
      const dropped = async () =>
        (await lane.ask({ cmd: "describe", name })).droppedLogBytes;
      const path = ballast(folder);
      await soon("a loss", async () => (await dropped()) > 0);
      await killDaemons(lane, 3);
      const then = lane.written(name, pid);
      await soon("the app to go on", () => lane.written(name, pid) > then + 20);
      rmSync(path);
      await soon("output again", () =>
        lane.log(name).includes(`${lane.written(name, pid) - 1}\n`),
      );
      await killDaemons(lane, 3);
      assert.equal(lane.starts(name).length, 1);
      await lane.ask({ cmd: "stop", name });
      const numbers = lane
        .log(name)
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("[zpm] "))
        .map((line) => Number(line.match(/^w0 \d+ (\d+)$/)[1]));
      numbers.forEach((n, i) => assert.ok(i === 0 || n > numbers[i - 1]));
      const gaps = numbers.filter((n, i) => i > 0 && n !== numbers[i - 1] + 1);
      assert.ok(gaps.length <= 4, `${gaps.length} gaps, of 4 daemons`);
    } finally {
      await disk();
    }
  }));

const SERVER = `
const port = Number(process.argv[2]);
process.on("disconnect", () => console.log("disconnected"));
process.on("message", () => {});
require("node:net").createServer((s) => s.pipe(s)).listen(port, "127.0.0.1",
  () => console.log("up"));
setInterval(() => console.log("connected", process.connected), 20);
`;

test("connections and the IPC channel of an app notice nothing", () =>
  inLane(async (lane) => {
    const port = await freePort();
    const scriptPath = join(lane.home, "server.js");
    writeFileSync(scriptPath, SERVER);
    const args = [`${port}`];
    await lane.start({ name: "server", scriptPath, args, cwd: lane.home });
    await soon("the server", () => lane.log("server").includes("up"));
    const socket = connect(port, "127.0.0.1");
    await next(socket, "connect");
    const answers = async (text) => {
      const answer = next(socket, "data");
      socket.write(text);
      assert.equal(`${await answer}`, text);
    };
    for (let i = 0; i < 4; i++) {
      await answers(`before ${i}`);
      await (i % 2 === 0 ? lane.killDaemon() : lane.killKeeper());
      await answers(`after ${i}`);
      const lines = lane.log("server").length;
      await soon("more output", () => lane.log("server").length > lines + 40);
    }
    const log = lane.log("server");
    assert.ok(!log.includes("disconnected"));
    assert.ok(!log.includes("connected false"));
    socket.destroy();
  }));

test("both are killed at once: the next command goes on with all apps", () =>
  inLane(async (lane) => {
    const names = await startWriters(lane, Math.ceil(APPS / 4));
    for (let i = 0; i < 3; i++) {
      // Stopped first, so that neither can react to the end of the other.
      process.kill(lane.keeperPid, "SIGSTOP");
      process.kill(lane.pid, "SIGSTOP");
      process.kill(lane.pid, "SIGKILL");
      process.kill(lane.keeperPid, "SIGKILL");
      await soon("their end", () => !isAlive(lane.pid));
      await soon("its end", () => !isAlive(lane.keeperPid));
      await lane.zpm("list");
      Object.assign(lane, await lane.hello());
    }
    await assertUntouched(lane, names);
  }));
