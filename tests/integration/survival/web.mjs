// An app in cluster mode whose daemon is killed (tests/fixtures/cluster/web.js,
// in a folder of its own), and what must hold of it afterwards.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

import { closed, freePorts, Load } from "../cluster/means.mjs";
import { fixture, processesOf } from "../helpers.mjs";
import { soon } from "./means.mjs";

/** Few, as each of them is some system calls of the daemon. */
const CLIENT = { clients: 1, thinkMs: 30 };

export class Web {
  /** An app `name` of two workers, not started yet; the lane's one. */
  static async create(lane, name, config) {
    lane.web = new Web();
    Object.assign(lane.web, { lane, name, port: await freePorts() });
    lane.web.folder = join(lane.home, name);
    mkdirSync(lane.web.folder);
    lane.web.config = {
      name,
      scriptPath: fixture("cluster/web.js"),
      args: [`${lane.web.port}`],
      cwd: lane.web.folder,
      mode: "cluster",
      instances: 2,
      ...config,
    };
    return lane.web;
  }

  /** The same, and both of them listen. */
  static async up(lane, name, config) {
    const web = await Web.create(lane, name, config);
    await lane.start(web.config);
    await web.noted("listening", 2);
    await soon("both to run", async () => (await web.#running()).length === 2);
  }

  #count(event) {
    try {
      const notes = readFileSync(join(this.folder, "notes"), "utf8");
      return notes.split(`"event":"${event}"`).length - 1;
    } catch {
      return 0;
    }
  }

  /** Waits until its workers have told it that often. */
  async noted(event, times) {
    await soon(
      () => `${times} × ${event}, not ${this.#count(event)}`,
      () => this.#count(event) >= times,
    );
  }

  /** Does it, and waits for that many that listen, or for the kill. */
  async until(listening, killer, what) {
    let killed = false;
    killer.ended.then(() => (killed = true));
    const reply = await this.lane.request(what);
    await soon(
      () => `${listening} that listen, not ${this.#count("listening")}`,
      () => killed || this.#count("listening") >= listening,
    );
    return reply;
  }

  /** The same, while somebody asks it all the time. */
  async underLoad(listening, killer, what) {
    this.load = new Load({ port: this.port, ...CLIENT }).start();
    await this.load.more(1);
    return this.until(listening, killer, what);
  }

  /** The workers that run, as the daemon says; undefined: not all of them. */
  async #workers() {
    const rows = await this.lane.rows();
    const row = rows.find(({ name }) => name === this.name);
    if (row === undefined || row.status === "stopped") return [];
    const up = row.workers.every(({ status }) => status === "running");
    return up ? row.workers.map(({ pid }) => pid).sort() : undefined;
  }

  async #running() {
    return (await this.#workers()) ?? [];
  }

  /** Its living processes, by what the kernel says. */
  #living() {
    return processesOf(this.lane.home)
      .filter(({ command }) => command.includes(`web.js ${this.port}`))
      .map(({ pid }) => pid)
      .sort();
  }

  /** Who answers; undefined if the connection is cut. */
  #ask() {
    return new Promise((resolve) => {
      const target = { host: "127.0.0.1", port: this.port, agent: false };
      const asking = request(target, (response) => {
        let text = "";
        response.on("data", (part) => (text += part));
        response.on("end", () => resolve(JSON.parse(text).pid));
      });
      asking.on("error", () => resolve(undefined));
      asking.end();
    });
  }

  async #answeredBy(pids) {
    const silent = new Set(pids);
    await soon(
      () => `an answer of ${[...silent]}`,
      async () => {
        for (const pid of await Promise.all(pids.map(() => this.#ask())))
          silent.delete(pid);
        return silent.size === 0;
      },
    );
  }

  /** As many workers as allowed, and no other process; each of them answers.
   * Their process ids. */
  async assertWorkers(allowed) {
    let pids;
    await soon(
      () => `${allowed} workers: ${pids} of ${this.#living()}`,
      async () => {
        pids = await this.#workers();
        return (
          allowed.includes(pids?.length) && `${pids}` === `${this.#living()}`
        );
      },
    );
    await this.#answeredBy(pids);
    assert.deepEqual(await this.#workers(), pids, "and stay so");
    if (pids.length === 0)
      assert.ok(await closed({ port: this.port }), "its port is closed");
    return pids;
  }

  assertStarts(least, most) {
    const times = this.#count("start");
    assert.ok(
      times >= least && times <= most,
      `it was started ${times} times: ${least} to ${most}`,
    );
  }

  /** Nobody was refused, and what a daemon had in its hands is all that was
   * lost. */
  async assertLoad(killed) {
    await this.load?.stop();
    if (killed) this.load?.assertNoneRefused();
    else this.load?.assertFlawless();
  }
}
