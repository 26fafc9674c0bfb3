// What the tests of survival share: apps whose every start and line can be
// accounted for (tests/tools/pulse.c), a daemon to be killed, and a way to
// kill it at a chosen system call (tests/tools/killat.c).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { getSocketPath } from "@zuzjs/pm";

import { Wire, zpmPath } from "../cli.mjs";
import {
  assertNothingLeft,
  DEADLINE_MS,
  isAlive,
  processesOf,
  root,
  run,
} from "../helpers.mjs";

/** A program of the build for tests. */
export const tool = (name) => join(root, "out", "debug", name);

/** As waitFor() of helpers.mjs, for what takes only a moment. */
export async function soon(what, look) {
  const until = Date.now() + Number(process.env.PATIENCE ?? DEADLINE_MS);
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until)
      assert.fail(
        `waited in vain: ${typeof what === "string" ? what : what()}`,
      );
    await sleep(3);
  }
}

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** A namespace of its own with a daemon, and apps that can be accounted for. */
export class Lane {
  /** How often its daemon was killed. */
  kills = 0;

  constructor(home) {
    this.home = home;
    this.notes = join(home, "notes");
    this.folder = join(home, "zuz-pm");
    mkdirSync(this.notes);
  }

  static async open() {
    const lane = new Lane(mkdtempSync(join(tmpdir(), "zpm-test-")));
    await lane.zpm("list");
    Object.assign(lane, await lane.hello());
    return lane;
  }

  async close() {
    try {
      await run(zpmPath, ["kill-daemon"], this.#spawnOptions());
      await assertNothingLeft(this.home);
    } finally {
      for (const { pid } of processesOf(this.home))
        process.kill(pid, "SIGKILL");
      rmSync(this.home, { recursive: true, force: true });
    }
  }

  #spawnOptions() {
    return { env: { ...process.env, ZPM_HOME: this.home } };
  }

  async zpm(...words) {
    const result = await run(zpmPath, words, this.#spawnOptions());
    assert.equal(result.code, 0, `${words.join(" ")}\n${result.stderr}`);
    return result.stdout;
  }

  // ---- talking to the daemon ----

  /** Sends at once; the reply is undefined if the connection ends first. */
  async request(what) {
    const wire = new Wire(getSocketPath(undefined, this.home));
    try {
      return await wire.ask(what);
    } finally {
      wire.close();
    }
  }

  async ask(what) {
    const reply = await this.request(what);
    assert.ok(reply?.ok, `${JSON.stringify(what)}: ${JSON.stringify(reply)}`);
    return reply.data;
  }

  async hello() {
    const { pid, keeperPid } = await this.ask({ cmd: "hello", version: "0" });
    return { pid, keeperPid };
  }

  rows() {
    return this.ask({ cmd: "stats" });
  }

  start(config) {
    return this.ask({ cmd: "start", config });
  }

  /** Waits for the daemon that follows the one that was just killed. */
  async successor() {
    const before = this.pid;
    this.kills++;
    await soon("another daemon", async () => {
      const reply = await this.request({ cmd: "hello", version: "0" });
      if (!reply || reply.data.pid === before) return false;
      this.pid = reply.data.pid;
      this.keeperPid = reply.data.keeperPid;
      return true;
    });
  }

  /** Waits until the daemon has another keeper than the one just killed. */
  async rebirth() {
    const before = this.keeperPid;
    this.kills++;
    await soon("another keeper", async () => {
      const reply = await this.request({ cmd: "hello", version: "0" });
      if (!reply?.data.keeperPid || reply.data.keeperPid === before)
        return false;
      this.keeperPid = reply.data.keeperPid;
      return true;
    });
  }

  async killDaemon() {
    process.kill(this.pid, "SIGKILL");
    await this.successor();
  }

  async killKeeper() {
    process.kill(this.keeperPid, "SIGKILL");
    await this.rebirth();
  }

  // ---- its apps ----

  /** The config of an app that is a pulse. */
  pulse(name, { everyUs = 0, burst = 1, code = 0, ...more } = {}) {
    return {
      name,
      scriptPath: tool("pulse"),
      args: [this.notes, name, everyUs, burst, code].map(String),
      cwd: this.notes,
      ...more,
    };
  }

  #note(name) {
    return read(join(this.notes, name));
  }

  /** The pids of all its runs so far. */
  starts(name) {
    return this.#note(`${name}.starts`).split("\n").filter(Boolean).map(Number);
  }

  /** How many lines a run has written. */
  written(name, pid) {
    const bytes = readFileSync(join(this.notes, `${name}.${pid}`));
    return bytes.length === 8 ? Number(bytes.readBigInt64LE()) : 0;
  }

  async started(name, times = 1) {
    await soon(`start ${times} of ${name}`, () => {
      const pids = this.starts(name);
      const file = join(this.notes, `${name}.${pids.at(-1)}`);
      return (
        pids.length >= times &&
        existsSync(file) &&
        this.written(name, pids.at(-1)) >= 3
      );
    });
  }

  /** Its living processes, by what the kernel says. */
  processes(name) {
    const words = `${this.notes} ${name} `;
    return processesOf(this.home)
      .filter(({ command }) => command.includes(words))
      .map(({ pid }) => pid);
  }

  log(name, stream = "out") {
    const folder = join(this.folder, "logs", name);
    let text = read(join(folder, `${stream}.log`));
    for (let i = 1; existsSync(join(folder, `${stream}.log.${i}`)); i++)
      text = read(join(folder, `${stream}.log.${i}`)) + text;
    return text;
  }

  /** What is wrong with the log of an app: undefined, or a sentence. */
  #logFault(name) {
    const next = new Map(this.starts(name).map((pid) => [pid, 0]));
    for (const line of this.log(name).split("\n").slice(0, -1)) {
      const [, pid, number] = line.match(/([0-9]+) ([0-9]+)$/) ?? [];
      if (next.get(Number(pid)) !== Number(number))
        return `"${line}" where ${pid} ${next.get(Number(pid))} is due`;
      next.set(Number(pid), Number(number) + 1);
    }
    for (const [pid, lines] of next) {
      const written = this.written(name, pid);
      // A run that was killed may not have counted its last line.
      const known =
        lines === written || (lines === written + 1 && !isAlive(pid));
      if (!known) return `${lines} lines of ${pid}, which wrote ${written}`;
    }
    return undefined;
  }

  /** Each line that its runs have written is there once, and in order. */
  async assertLog(name) {
    let fault;
    await soon(
      () => `the log of ${name}: ${fault}`,
      () => (fault = this.#logFault(name)) === undefined,
    );
  }

  /** Whether no app has ever met another copy of itself. */
  assertNeverTwice() {
    const twice = readdirSync(this.notes).filter((file) =>
      file.endsWith(".twice"),
    );
    assert.deepEqual(twice, [], "an app ran twice at once");
  }

  state() {
    return JSON.parse(readFileSync(join(this.folder, "state.json"), "utf8"));
  }
}

/**
 * Kills a process, or the next child of it, at its n-th system call.
 * {ready: it counts, done(): what happened: {how, count, trail}}
 */
export function killAt(pid, n, { child = false } = {}) {
  const words = [...(child ? ["--child"] : []), `${pid}`, `${n}`];
  const killer = spawn(tool("killat"), words, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: killer.stdout });
  const all = [];
  let begun;
  const ready = new Promise((resolve) => (begun = resolve));
  lines.on("line", (line) => {
    all.push(line);
    begun();
  });
  const ended = once(killer, "close");
  return {
    ready: Promise.race([ready, ended]),
    ended,
    /** Ends the counting, if it has not killed by now. */
    async done() {
      killer.kill("SIGTERM");
      await ended;
      const [, how, count, trail] =
        all.at(-1)?.match(/^(killed|passed|ended) (\d+)(.*)$/) ?? [];
      assert.ok(how, `killat said ${all.join()}`);
      return { how, count: Number(count), trail: trail.trim() };
    },
  };
}
