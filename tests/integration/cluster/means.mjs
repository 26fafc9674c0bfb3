// What the tests of cluster mode share: an app of workers in a ZPM_HOME of its
// own, for both ways of scheduling and for the versions of Node asked for; and
// clients that count what became of their requests.
//
//   ZPM_NODES=18,24 node --test tests/integration/cluster/*.test.mjs
//
// runs each of them with the `node` in PATH, 18 and 24.  They are installed
// once, into a folder of the user's cache.  ZPM_SCHEDULINGS=rr runs only those
// of that way.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { commandLine, instrumented } from "../cli.mjs";
import { faultBox } from "../faults/box.mjs";
import {
  DEADLINE_MS,
  fixture,
  freePort,
  processesOf,
  waitFor,
  within,
} from "../helpers.mjs";

/** ZPM_SCHEDULINGS=auto,rr,reuseport,shared asks for all. */
const SCHEDULINGS = (
  process.env.ZPM_SCHEDULINGS ?? (instrumented ? "shared" : "auto,rr")
).split(",");
/** Under a load; ZPM_RACE=all takes its time. */
export const RELOADS = process.env.ZPM_RACE === "all" ? 20 : 5;
const CLIENTS = process.env.ZPM_RACE === "all" ? 64 : 16;
/** How many connections the daemon hands to a worker ahead of its answers. */
export const WINDOW = 4;
/** A worker that a test kills has crashed at once; it is to come again soon. */
export const RETRY = [
  ...["--immediate-crash", "retry"],
  ...["--min-backoff", "10", "--max-backoff", "50"],
];

// ---- versions of Node ----

const wanted = (process.env.ZPM_NODES ?? "").split(",").filter(Boolean);

async function install(version, folder) {
  mkdirSync(join(folder, ".."), { recursive: true });
  const fresh = mkdtempSync(`${folder}.`);
  const words = ["install", "--prefix", fresh, "--no-audit", "--no-fund"];
  const npm = spawn("npm", [...words, "--no-save", `node@${version}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  npm.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(npm, "close");
  try {
    assert.equal(code, 0, `node@${version} cannot be installed: ${said}`);
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    // Another test file was quicker.
    if (!["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
  }
}

async function findNode(version) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "zpm-tests", `node-${version}`);
  const path = join(folder, "node_modules", "node", "bin", "node");
  if (!existsSync(path)) await install(version, folder);
  assert.ok(existsSync(path), `there is no ${path}`);
  return path;
}

const found = new Map();

/** The program of that version; undefined, which is the one in PATH, of none. */
export async function nodeOf(version) {
  if (version === undefined) return undefined;
  if (!found.has(version)) found.set(version, findNode(version));
  return found.get(version);
}

// ---- tests ----

async function isFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** A port that is free, as is the one above it.  Below those that clients are
 * given, which cannot be bound for a minute after that. */
export async function freePorts() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** "open", or the code of the error. */
export function tryConnect(target) {
  const socket = connect({ host: "127.0.0.1", ...target });
  return within(
    `an answer to connect() to ${JSON.stringify(target)}`,
    new Promise((resolve) => {
      socket.on("connect", () => resolve("open"));
      socket.on("error", ({ code }) => resolve(code));
    }).finally(() => socket.destroy()),
  );
}

export const closed = async (target) =>
  ["ECONNREFUSED", "ENOENT"].includes(await tryConnect(target));

/** The box of cli.mjs, or of faults/box.mjs, for an app of workers `web`; or,
 * without scheduling, of one process in fork mode. */
async function clusterBox(t, { scheduling, node, faults }) {
  const box = faults ? await faultBox(t) : commandLine(t);
  const command = await nodeOf(node);
  const port = await freePort();

  const text = () => {
    try {
      return readFileSync(join(box.project, "notes"), "utf8");
    } catch {
      return "";
    }
  };
  /** What its processes have told, in order, with event `event`. */
  const notes = (event, more = {}) =>
    text()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(
        (note) =>
          (event === undefined || note.event === event) &&
          Object.entries(more).every(([key, value]) => note[key] === value),
      );
  const loads = [];
  const workers = async (name = "web") => (await box.app(name)).workers;

  return {
    ...box,
    scheduling,
    node,
    port,
    notes,
    workers,
    /** Waits until it has been told that often; the notes. */
    noted: (event, count, more) =>
      waitFor(`${count} × ${event} ${JSON.stringify(more ?? "")}`, () => {
        const seen = notes(event, more);
        return seen.length >= count && seen;
      }),
    /** The process ids by instance. */
    pids: async (name) =>
      (await workers(name))
        .sort((a, b) => a.instance - b.instance)
        .map(({ pid }) => pid),
    /** Waits until all of that many workers run; their process ids. */
    async running(count, name) {
      await waitFor(`${count} workers that run`, async () => {
        const list = await workers(name);
        return (
          list.length === count &&
          list.every(({ status, pid }) => status === "running" && pid)
        );
      });
      return this.pids(name);
    },
    /** Starts a fixture as `web`, with its port as argument. */
    async start(
      script,
      { name = "web", instances = 2, args = [port], flags = [], env } = {},
    ) {
      const mode = scheduling
        ? ["--cluster", "--instances", instances, "--scheduling", scheduling]
        : ["--port", port];
      const words = [
        ...["--name", name, ...mode],
        ...(command ? ["--with", command] : []),
        ...flags,
        ...["--", ...args],
      ];
      const result = await box.zpmWith(
        { env },
        "start",
        isAbsolute(script) ? script : fixture(`cluster/${script}`),
        ...words.map(String),
      );
      assert.equal(result.code, 0, result.stderr);
      return result.stdout;
    },
    /** The same, and waits until each worker listens. */
    async up(script, options) {
      await this.start(script, options);
      const count = scheduling ? (options?.instances ?? 2) : 1;
      await this.noted("listening", count);
    },
    /** Processes of web.js, whether zpm knows of them or not. */
    living: () =>
      processesOf(box.home)
        .filter(({ command }) => command.includes("/cluster/web.js"))
        .map(({ pid }) => pid)
        .sort(),
    /** Who answers at its port. */
    ask: (target) => ask({ port, ...target }),
    /** Waits until each of them has answered. */
    async answeredBy(pids, target = {}) {
      const silent = new Set(pids);
      await waitFor(`an answer of ${pids.join(" and ")}`, async () => {
        const batch = Array.from({ length: 8 }, () => this.ask(target));
        for (const { pid } of await Promise.all(batch)) silent.delete(pid);
        return silent.size === 0;
      });
    },
    load(options) {
      loads.push(new Load({ port, ...options }));
      return loads.at(-1);
    },
    /** Whatever a test that fails has left. */
    abandon: () => loads.forEach((load) => load.abandon()),
    daemonPid: async () => (await box.json("ping")).pid,
    /** Kills the daemon; returns when there is another. */
    async killDaemon() {
      const before = await this.daemonPid();
      process.kill(before, "SIGKILL");
      return waitFor("another daemon", async () => {
        const { code, stdout } = await box.zpm("ping", "--json");
        if (code !== 0) return false;
        const { pid } = JSON.parse(stdout);
        return pid !== before && pid;
      });
    },
    /** Ends the app: nothing of it listens any more. */
    async end() {
      await box.zpm("delete", "all");
      await waitFor("the port to be closed", () => closed({ port }));
      if (faults) await box.settle();
    },
  };
}

/** What helps to find out why a test has failed. */
function tellAll(t, box) {
  const read = (path) => {
    try {
      return readFileSync(path, "utf8").split("\n").slice(-40).join("\n");
    } catch {
      return "";
    }
  };
  const folder = join(box.home, "zuz-pm");
  t.diagnostic(`notes: ${read(join(box.project, "notes")).slice(-4000)}`);
  t.diagnostic(`standard error: ${box.log("web", "err").slice(-2000)}`);
  t.diagnostic(`journal: ${read(join(folder, "daemon.log"))}`);
}

function forEach(schedulings, what, run, faults) {
  for (const scheduling of schedulings)
    for (const node of [undefined, ...wanted]) {
      const title = `${what} (${scheduling ?? "fork"}${node ? `, node ${node}` : ""})`;
      test(title, async (t) => {
        const box = await clusterBox(t, { scheduling, node, faults });
        try {
          await run(box, t);
          await box.end();
        } catch (error) {
          box.abandon();
          tellAll(t, box);
          throw error;
        }
      });
    }
}

/**
 * A test for each way of scheduling and each version of Node.  With `faults`
 * every handle of daemon and keeper is counted before and after.
 */
export function cluster(what, run, { but = [], faults } = {}) {
  const schedulings = SCHEDULINGS.filter((one) => !but.includes(one));
  forEach(schedulings, what, run, faults);
}

/** A test of an app in fork mode for each version of Node. */
export function fork(what, run, { faults } = {}) {
  forEach([undefined], what, run, faults);
}

// ---- clients ----

/** What a fixture says of itself: its pid, and if it is web.js more. */
function whoSays(text) {
  const value = JSON.parse(text);
  return typeof value === "number" ? { pid: value } : value;
}

/** One request, on a connection of its own without an agent: who answered. */
function ask({ agent = false, body, onSocket, ...target }) {
  return new Promise((resolve, reject) => {
    const method = body ? "POST" : "GET";
    const options = { host: "127.0.0.1", agent, method, ...target };
    const request = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200 || !response.complete)
          reject(new Error(`status ${response.statusCode}: ${text}`));
        else resolve({ ...whoSays(text), headers: response.headers });
      });
    });
    request.on("error", reject);
    // A request may not hang, nor keep the tests from ending.
    const late = setTimeout(
      () => request.destroy(new Error("waited in vain: an answer")),
      DEADLINE_MS,
    );
    request.on("close", () => clearTimeout(late));
    if (onSocket) request.on("socket", onSocket);
    if (body) body(request);
    else request.end();
  });
}

/** A request that is inside a worker, until `finish()`: its answer. */
export async function heldRequest(box, agent) {
  let sent;
  const answer = ask({ port: box.port, agent, body: (r) => (sent = r) });
  answer.catch(() => {});
  const before = box.notes("request").length;
  sent.write("the beginning");
  const [{ pid }] = (await box.noted("request", before + 1)).slice(before);
  return {
    pid,
    answer,
    finish() {
      sent.end("the end");
      return answer;
    },
  };
}

/** Clients that ask one thing after another, and count. */
export class Load {
  ok = 0;
  refused = 0;
  reset = 0;
  /** Of all that was not answered: {code, port: the client's, at}. */
  failures = [];
  /** Answers by the process that gave them. */
  by = new Map();
  #stopped = false;
  #clients = [];
  #agents = [];

  constructor({
    clients = CLIENTS,
    keepAlive = false,
    thinkMs = 2,
    ...target
  }) {
    this.options = { clients, keepAlive, thinkMs };
    this.target = target;
  }

  start() {
    const { clients } = this.options;
    this.#clients = Array.from({ length: clients }, () => this.#client());
    return this;
  }

  async #client() {
    const { keepAlive, thinkMs } = this.options;
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    this.#agents.push(agent);
    while (!this.#stopped) {
      await this.#request(agent);
      await sleep(thinkMs);
    }
    agent.destroy();
  }

  async #request(agent) {
    let port;
    const onSocket = (socket) => {
      port = socket.localPort;
      if (socket.connecting)
        socket.once("connect", () => (port = socket.localPort));
    };
    try {
      const { pid } = await ask({ ...this.target, agent, onSocket });
      this.by.set(pid, (this.by.get(pid) ?? 0) + 1);
      this.ok++;
    } catch (error) {
      const code = error.code ?? error.message;
      this.failures.push({ code, port });
      if (code === "ECONNREFUSED") this.refused++;
      else if (code === "ECONNRESET" || code === "EPIPE") this.reset++;
    }
  }

  /** Waits for that many more answers. */
  more(count) {
    const goal = this.ok + count;
    return waitFor(`${count} more answers`, () => this.ok >= goal);
  }

  /** Does not wait for that. */
  abandon() {
    this.#stopped = true;
    for (const agent of this.#agents) agent.destroy();
  }

  /** Waits for the end of what has been asked. */
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return this;
  }

  toString() {
    return `${this.ok} answered, ${this.refused} refused, ${this.reset} reset, failures ${JSON.stringify(this.failures.slice(0, 10))}`;
  }

  /** Not one request has failed. */
  assertFlawless() {
    assert.equal(this.failures.length, 0, `${this}`);
    assert.ok(this.ok > 0, "nobody has asked");
  }

  /** Nobody was refused, and what failed had a connection that was cut. */
  assertNoneRefused() {
    assert.equal(this.refused, 0, `${this}`);
    assert.equal(this.failures.length, this.reset, `${this}`);
    assert.ok(this.ok > 0, "nobody has asked");
  }
}

/** Failures of requests that were not inside of the processes killed: web.js
 * has noted who was. */
export function failuresOutside(box, load, killed) {
  const inside = new Set(
    killed.flatMap((pid) => {
      const path = join(box.project, `accepted.${pid}`);
      return existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    }),
  );
  return load.failures.filter(({ port }) => !inside.has(String(port)));
}

/** Sends a signal; the caller waits for what it does. */
export const signal = (pids, name) =>
  pids.forEach((pid) => process.kill(pid, name));
