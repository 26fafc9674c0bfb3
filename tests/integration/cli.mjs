// What the tests of the command line share: the real program in a ZPM_HOME and
// a project folder of its own.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";

import { getSocketPath } from "@zuzjs/pm";

import binary from "../../dist/binary.js";
import { processesOf, run, sandbox, waitFor, within } from "./helpers.mjs";

export const zpmPath = binary.zpmPath();
/** With sanitizers: slow, and with more memory. */
export const instrumented = /\basan\b/.test(zpmPath);

/** One connection to a daemon, line by line. */
export class Wire {
  replies = [];
  closed = false;
  #text = "";
  #waiting = [];

  constructor(path) {
    this.socket = createConnection(path).setEncoding("utf8");
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
      this.#tell();
    });
    this.socket.on("data", (text) => {
      const lines = (this.#text + text).split("\n");
      this.#text = lines.pop();
      this.replies.push(...lines.map((line) => JSON.parse(line)));
      this.#tell();
    });
  }

  #tell() {
    for (const look of this.#waiting.splice(0)) look();
  }

  #until(what, done) {
    const wait = (resolve) => {
      if (done()) resolve();
      else this.#waiting.push(() => wait(resolve));
    };
    return within(what, new Promise(wait));
  }

  send(text) {
    this.socket.write(text);
  }

  /** The next reply, or undefined when the connection has ended. */
  async next() {
    await this.#until("a reply", () => this.replies.length > 0 || this.closed);
    return this.replies.shift();
  }

  async ask(request) {
    this.send(`${JSON.stringify(request)}\n`);
    return this.next();
  }

  end() {
    return this.#until("the end of the connection", () => this.closed);
  }

  close() {
    this.socket.destroy();
  }
}

/** The sandbox of helpers.mjs, and zpm in it. */
export function commandLine(t) {
  const box = sandbox(t);
  const project = join(box.home, "project");
  const wires = [];
  mkdirSync(project);
  t.after(() => wires.forEach((wire) => wire.close()));

  const wire = (namespace) => {
    wires.push(new Wire(getSocketPath(namespace, box.home)));
    return wires.at(-1);
  };
  const zpmWith = (options, ...words) =>
    run(zpmPath, words, {
      cwd: project,
      ...options,
      env: { ...process.env, ZPM_HOME: box.home, ...options.env },
    });
  const zpm = (...words) => zpmWith({}, ...words);
  const expect = async (code, words) => {
    const result = await zpm(...words);
    assert.equal(result.code, code, `${words.join(" ")}\n${result.stderr}`);
    return result;
  };
  const logFile = (name, stream = "out") =>
    join(box.home, "zuz-pm", "logs", name, `${stream}.log`);
  const log = (name, stream) => {
    try {
      return readFileSync(logFile(name, stream), "utf8");
    } catch {
      return "";
    }
  };

  return {
    ...box,
    project,
    zpm,
    zpmWith,
    logFile,
    log,
    /** What it said; it must succeed. */
    done: async (...words) => (await expect(0, words)).stdout,
    /** What it complained of; it must fail. */
    fails: async (...words) => (await expect(1, words)).stderr,
    /** The same for what was typed wrong. */
    misused: async (...words) => (await expect(2, words)).stderr,
    json: async (...words) =>
      JSON.parse((await expect(0, [...words, "--json"])).stdout),
    /** The only app of that name, as `stats` has it. */
    app: async (name) =>
      JSON.parse((await expect(0, ["stats", name, "--json"])).stdout)[0],
    /** Writes a file of the project; returns its path. */
    write: (path, text, mode = 0o644) => {
      const file = join(project, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
      return file;
    },
    /** What an app has written, once it holds `text`. */
    logHas: (name, text, stream) =>
      waitFor(`"${text}" of ${name}`, () => {
        const found = log(name, stream);
        return found.includes(text) && found;
      }),
    wire,
    /** One request on a connection of its own. */
    wireAsk: async (request) => {
      const own = wire();
      const reply = await own.ask(request);
      own.close();
      return reply;
    },
    /** The processes of zpm itself that live in this home. */
    daemons: () =>
      processesOf(box.home).filter(({ command }) =>
        / daemon --namespace /.test(command),
      ),
  };
}
