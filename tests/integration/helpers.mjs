// What every integration test needs: a ZPM_HOME of its own, and the certainty
// that nothing of it is left afterwards.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { ProcessManager, ZPMClient } from "@zuzjs/pm";

/** Long enough for a machine that is busy; never waited for when all is well. */
export const DEADLINE_MS = 60_000;

export const root = resolve(fileURLToPath(import.meta.url), "../../..");

export function fixture(name) {
  return join(root, "tests", "fixtures", name);
}

/** Tries until `look` returns something true. */
export async function waitFor(what, look) {
  const until = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) assert.fail(`waited in vain: ${what}`);
    await sleep(20);
  }
}

/** Fails instead of hanging. */
export async function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited in vain: ${what}`)),
      DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next event of that name for which `matches` is true. */
export function next(emitter, event, matches = () => true) {
  return within(
    `event '${event}'`,
    new Promise((found) => {
      const listener = (value) => {
        if (!matches(value)) return;
        emitter.off(event, listener);
        found(value);
      };
      emitter.on(event, listener);
    }),
  );
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export function isAlive(pid) {
  try {
    // A zombie is dead for our purposes.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Runs a program to its end: {code, signal, stdout, stderr}. */
export async function run(program, args, options = {}) {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const result = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"])
    child[stream].setEncoding("utf8").on("data", (text) => {
      result[stream] += text;
    });
  try {
    [result.code, result.signal] = await within(
      `${program} ${args.join(" ")}`,
      once(child, "close"),
    );
  } finally {
    child.kill("SIGKILL");
  }
  return result;
}

/** A key and a certificate in that folder: key.pem and cert.pem. */
export async function certify(folder) {
  const wish = ["-x509", "-nodes", "-days", "2", "-subj", "/CN=tests"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", "key.pem", "-out", "cert.pem"];
  const words = ["req", ...wish, ...key, ...names, ...files];
  const { code, stderr } = await run("openssl", words, { cwd: folder });
  assert.equal(code, 0, stderr);
}

/** Living processes that were started with this ZPM_HOME. */
export function processesOf(home) {
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split(
        "\0",
      );
      if (!variables.includes(`ZPM_HOME=${home}`) || !isAlive(pid)) continue;
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      found.push({ pid: Number(pid), command: words.join(" ") });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

export async function assertNothingLeft(home) {
  let left = [];
  const until = Date.now() + DEADLINE_MS;
  do {
    left = processesOf(home);
    if (left.length === 0) return;
    await sleep(20);
  } while (Date.now() < until);
  assert.deepEqual(left, [], "processes were left behind");
}

/**
 * A ZPM_HOME for one test, with what it uses; all of it is closed, and looked
 * for, when the test ends.
 */
export function sandbox(t) {
  const home = mkdtempSync(join(tmpdir(), "zpm-test-"));
  const before = process.env.ZPM_HOME;
  process.env.ZPM_HOME = home;
  const opened = [];

  t.after(async () => {
    try {
      for (const one of [...opened, new ZPMClient({ home })]) {
        if (one instanceof ZPMClient) await one.killDaemon();
        await one.close();
      }
      await assertNothingLeft(home);
    } finally {
      for (const { pid } of processesOf(home)) process.kill(pid, "SIGKILL");
      if (before === undefined) delete process.env.ZPM_HOME;
      else process.env.ZPM_HOME = before;
      rmSync(home, { recursive: true, force: true });
    }
  });

  const keep = (one) => {
    opened.push(one);
    return one;
  };
  return {
    home,
    manager: (options) => keep(new ProcessManager({ home, ...options })),
    client: (options) => keep(new ZPMClient({ home, ...options })),
    /** Runs a program of tests/fixtures with Node, in this home. */
    host: (name, args = []) => run(process.execPath, [fixture(name), ...args]),
    /** Starts one; the caller waits for its end. */
    spawnHost: (name, args = []) =>
      spawn(process.execPath, [fixture(name), ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
  };
}
