// How faults are made real: small disks, limits of processes, control groups.
// Each says null where this machine does not permit it; a test then makes a
// weaker fault, and asserts what holds all the same.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { run, waitFor } from "../helpers.mjs";

/** A disk of its own for that folder: what ends it, or null. */
export async function smallDisk(folder, bytes) {
  const options = ["-t", "tmpfs", "-o", `size=${bytes},mode=700`];
  const { code } = await run("mount", [...options, "zpm-test", folder]);
  if (code !== 0) return null;
  return () => run("umount", ["-l", folder]);
}

/** Fills a disk to the last byte; returns the file to remove again. */
export function ballast(folder) {
  const path = join(folder, "ballast");
  try {
    for (;;) appendFileSync(path, Buffer.alloc(4096));
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  }
  return path;
}

/** Sets the soft limit of a running process; what sets it back. */
export async function limit(pid, name, soft) {
  const words = (...more) => ["--pid", `${pid}`, ...more];
  const query = words(`--${name}`, "--noheadings", "--raw", "--output", "SOFT");
  const { stdout } = await run("prlimit", query);
  const set = async (value) => {
    const result = await run("prlimit", words(`--${name}=${value}:`));
    if (result.code !== 0) throw new Error(result.stderr);
  };
  await set(soft);
  return () => set(stdout.trim());
}

/** The number that a process's next descriptor will have. */
export function firstFreeFd(pid) {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let fd = 0;
  while (taken.has(fd)) fd++;
  return fd;
}

/* Where a control group with this controller may be made: version 1 mounts
 * each by itself, version 2 all at one place. */
function groupFolders(controller) {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, controllers, path] = line.split(":");
    if (controllers.split(",").includes(controller))
      return [join("/sys/fs/cgroup", controller, path)];
    return controllers === "" ? [join("/sys/fs/cgroup", path)] : [];
  });
}

let groups = 0;

function makeGroup(parent, file, value) {
  const folder = join(parent, `zpm-test-${process.pid}-${++groups}`);
  try {
    mkdirSync(folder);
  } catch {
    return null;
  }
  try {
    if (!existsSync(join(folder, file))) throw new Error("no such controller");
    writeFileSync(join(folder, file), value);
  } catch {
    rmdirSync(folder);
    return null;
  }
  const members = (of) =>
    readFileSync(join(of, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
  const move = (pid, to = folder) =>
    writeFileSync(join(to, "cgroup.procs"), `${pid}`);
  return {
    move,
    set: (text) => writeFileSync(join(folder, file), text),
    /** Sends home who lives in it, and is no more. */
    remove: () =>
      waitFor("the end of the control group", () => {
        for (const pid of members(folder)) {
          try {
            move(pid, parent);
          } catch {
            // It ended while we looked.
          }
        }
        try {
          rmdirSync(folder);
          return true;
        } catch {
          return false;
        }
      }),
  };
}

/** A control group with a limit: {move, set, remove}, or null.  `files` are
 * the names of the limit in version 1 and 2. */
export function controlGroup(controller, files, value) {
  for (const parent of groupFolders(controller))
    for (const file of files) {
      const group = makeGroup(parent, file, value);
      if (group !== null) return group;
    }
  return null;
}

/** Time on the processor that a process has had, in hundredths of a second. */
export function cpuTicks(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
