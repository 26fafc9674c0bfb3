// The folder of a daemon: what was left in it, who else wants it, and what
// becomes of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { isAlive, run, waitFor, within } from "../helpers.mjs";
import { fault } from "./box.mjs";
import { smallDisk } from "./means.mjs";

const SLEEPER = { name: "a", scriptPath: "/bin/sleep", args: ["1000"] };

test(
  "35: a dead socket and a lock that another program's pid is in hinder nobody",
  fault(async (box) => {
    await box.client.killDaemon();
    // A socket file that nobody listens on any more: its owner was killed.
    const socket = join(box.folder, "zpm.sock");
    const script = `require("node:net").createServer().listen(process.argv[1],
      () => console.log("up"))`;
    const dead = spawn(process.execPath, ["-e", script, socket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(dead, "exit");
    await within("the socket", once(dead.stdout, "data"));
    dead.kill("SIGKILL");
    await within("its end", ended);
    assert.ok(statSync(socket).isSocket());
    for (const name of ["lock", "start.lock", "zpm.pid"])
      writeFileSync(join(box.folder, name), `${process.pid}\n`);
    rmSync(join(box.folder, "zpm.pid"));

    await box.client.start({ ...SLEEPER, cwd: box.project });
    assert.equal((await box.row("a")).status, "running");
    assert.equal(box.daemons().length, 2, "a daemon and its keeper");
  }),
);

test(
  "54: a socket that is removed, or moved away, is made anew",
  fault(async (box) => {
    await box.client.start({ ...SLEEPER, cwd: box.project });
    const { pid } = await box.row("a");
    const daemon = await box.hello();
    const socket = join(box.folder, "zpm.sock");
    for (const take of [rmSync, (path) => renameSync(path, `${box.home}/x`)]) {
      take(socket);
      await waitFor("another socket", () => {
        try {
          return statSync(socket).isSocket();
        } catch {
          return false;
        }
      });
      // Who was connected before is served as well.
      assert.equal((await box.row("a")).pid, pid);
      assert.equal((await box.json("ping")).pid, daemon.pid);
      assert.equal(statSync(socket).mode & 0o777, 0o600);
    }
    assert.equal(box.daemons().length, 2);
  }),
);

/** Nothing new can be made in the folder until `end`. */
async function sealed(box, isDisk) {
  if (!isDisk) {
    chmodSync(box.folder, 0o500);
    return () => chmodSync(box.folder, 0o700);
  }
  const remount = (inodes) =>
    run("mount", ["-o", `remount,nr_inodes=${inodes}`, box.folder]);
  const { files, ffree } = statfsSync(box.folder);
  const { code, stderr } = await remount(files - ffree);
  assert.equal(code, 0, stderr);
  return () => remount(files);
}

async function withoutRoom(box, isDisk) {
  const talk = box.program(
    "talk.sh",
    "#!/bin/sh\nwhile echo line; do sleep 0.02; done\n",
  );
  await box.client.start({ name: "a", scriptPath: talk, cwd: box.project });
  const { pid } = await box.row("a");
  await box.logHas("a", "line");
  const daemon = (await box.hello()).pid;

  const open = await sealed(box, isDisk);
  const trouble = await box.client
    .start({ ...SLEEPER, name: "b", cwd: box.project })
    .then(() => "", String);
  assert.match(trouble, /^$|space|denied|save|log/);
  const state = () => readFileSync(join(box.folder, "state.json"), "utf8");
  assert.doesNotThrow(() => JSON.parse(state()));
  const size = statSync(box.logFile("a")).size;
  await waitFor("more lines", () => statSync(box.logFile("a")).size > size);
  const row = await box.row("a");
  assert.deepEqual([row.pid, row.status], [pid, "running"]);
  assert.equal((await box.hello()).pid, daemon);

  await open();
  await box.client.delete("b").catch(() => {});
  await box.client.start({ ...SLEEPER, name: "c", cwd: box.project });
  await waitFor("the state to be saved", () => state().includes('"c"'));
  await box.client.delete("all");
  assert.ok(!isAlive(pid));
}

test(
  "54: a disk without inodes, or a folder that is closed: what runs goes on",
  fault(async (box) => {
    await box.client.killDaemon();
    const unmount = await smallDisk(box.folder, 4 << 20);
    try {
      await withoutRoom(box, unmount !== null);
    } finally {
      await box.client.killDaemon();
      await unmount?.();
    }
    await box.client.ensureDaemon();
    await box.client.close();
  }),
);

test(
  "50: a state of a later version is refused, and left as it is",
  fault(async (box) => {
    await box.client.killDaemon();
    const path = join(box.folder, "state.json");
    const before = readFileSync(path, "utf8");
    const later = JSON.stringify({ version: 99, novelties: [1, 2, 3] });
    rmSync(`${path}.old`, { force: true });
    rmSync(path);
    writeFileSync(path, later, { mode: 0o600 });
    const { code, stderr } = await box.zpm("list");
    const told = stderr + readFileSync(join(box.folder, "daemon.log"), "utf8");
    assert.notEqual(code, 0, "it must not begin with nothing");
    assert.match(told, /newer|later|version 99/);
    assert.equal(readFileSync(path, "utf8"), later);
    writeFileSync(path, before, { mode: 0o600 });
    await box.client.ensureDaemon();
    await box.client.close();
  }),
);
