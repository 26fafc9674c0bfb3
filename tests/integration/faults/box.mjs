// What every fault test needs: a daemon whose every handle is counted before
// the fault and after it.

import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { commandLine, Wire } from "../cli.mjs";
import { isAlive, waitFor } from "../helpers.mjs";
import { getSocketPath } from "@zuzjs/pm";

/** What lies in a namespace's folder when nothing is wrong. */
const KNOWN = [
  /^(zpm\.sock|lock|start\.lock|inflight|daemon\.log(\.\d+)?)$/,
  /^state\.json(\.old)?$/,
  /^selftests$/,
  /^logs(\/[^/]+(\/(out|err)\.log(\.\d+)?)?)?$/,
];

function walk(folder, from = folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return [
      relative(from, path),
      ...(entry.isDirectory() ? walk(path, from) : []),
    ];
  });
}

/** What a process has open, by kind. */
function openedBy(pid) {
  const kinds = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue;
    }
    const kind = target.replace(/:?\[\d+\]$/, "").replace(/ \(deleted\)$/, "");
    // libuv opens one when a first folder is watched, and keeps it.
    if (kind === "anon_inode:inotify") continue;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** Resident memory of a process that it does not share with a file, bytes. */
export function rssOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(text.match(/^RssAnon:\s+(\d+)/m)[1]) * 1024;
}

/** A sanitizer keeps what was freed for a while, and reserves terabytes. */
function keptBySanitizer(pid) {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const reserved = Number(text.match(/^VmSize:\s+(\d+)/m)[1]) * 1024;
  return reserved > 2 ** 40 ? 400 * 2 ** 20 : 0;
}

/** Whether `now` bytes are at most `most` more than there were `before`. */
export function assertGrowth(pid, { before, now = rssOf(pid), most }) {
  const grown = now - before;
  assert.ok(
    grown <= most + keptBySanitizer(pid),
    `memory grew by ${grown} bytes, more than ${most}`,
  );
}

/** Children of a process: {pid, state}. */
export function childrenOf(parent) {
  const found = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, ppid] = text.slice(text.lastIndexOf(")") + 2).split(" ");
      if (Number(ppid) === parent) found.push({ pid: Number(pid), state });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/**
 * The command line's box (cli.mjs) with a running daemon.  `settle()`, called
 * when the test ends, deletes all apps and asserts that daemon and keeper have
 * what they had at the beginning: no process, zombie, descriptor, socket or
 * file is left of the fault.
 */
export async function faultBox(t, prepare = () => {}) {
  const box = commandLine(t);
  const folder = join(box.home, "zuz-pm");
  const client = box.client();

  await prepare({ ...box, folder });
  await client.ensureDaemon();
  await client.close();

  /** What the daemon answers, handed to `look` while the connection is open. */
  async function ask(request, look = (data) => data) {
    const wire = new Wire(getSocketPath(undefined, box.home));
    try {
      return look((await wire.ask(request))?.data);
    } finally {
      wire.close();
    }
  }

  const greeting = { cmd: "hello", version: "0.1.0" };
  const hello = () => ask(greeting);

  const census = () =>
    ask(greeting, ({ pid, keeperPid }) => ({
      daemon: openedBy(pid),
      keeper: openedBy(keeperPid),
      children: childrenOf(keeperPid).filter((child) => child.pid !== pid),
    }));

  async function restsAt(count) {
    let last;
    await waitFor("the same handles as before", async () => {
      last = await census().catch(() => null);
      return isDeepStrictEqual(last, count);
    }).catch(() => assert.deepEqual(last, count, "the fault left something"));
  }

  // Of sockets the daemon has three then: the keeper's, the one it listens on,
  // and the one that asks; others are about to be noticed as closed.  What it
  // put into the keeper has arrived there.
  const before = await waitFor("a daemon at rest", async () => {
    const count = await census();
    const kept = "/memfd:zpm-snapshots";
    return (
      count.daemon.socket === 3 &&
      count.daemon[kept] === count.keeper[kept] &&
      count
    );
  });

  async function settle() {
    await client.delete("all").catch(() => {});
    await client.close();
    await restsAt(before);
    const strange = walk(folder).filter(
      (path) => !KNOWN.some((known) => known.test(path)),
    );
    assert.deepEqual(strange, [], "strange files were left in the home");
  }

  return {
    ...box,
    client,
    folder,
    ask,
    hello,
    census,
    settle,
    /** Writes a program of the project, and gives its path. */
    program(name, text, mode = 0o755) {
      const path = join(box.project, name);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, text, { mode });
      return path;
    },
    /** The row of `stats` of one app. */
    async row(name) {
      const [row] = await client.stats(name);
      return row;
    },
    /** Starts an app in the project. */
    start: (config, options) =>
      client.start({ cwd: box.project, ...config }, options),
    until: (name, status) =>
      waitFor(`${name} to be ${status}`, async () => {
        const [row] = await client.stats(name);
        return row?.status === status && row;
      }),
    isAlive,
  };
}

/** A test of one fault: its box is asserted to be as before at the end.
 * `prepare` is called before there is a daemon. */
export function fault(run, prepare) {
  return async (t) => {
    const box = await faultBox(t, prepare);
    await run(box, t);
    await box.settle();
  };
}
