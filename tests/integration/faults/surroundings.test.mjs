// What is around zpm: terminals that go away, a bare system, a runtime that has
// moved, kernels that keep what zpm would like to have, processes that the
// kernel keeps.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { zpmPath } from "../cli.mjs";
import { isAlive, processesOf, run, waitFor, within } from "../helpers.mjs";
import { childrenOf, fault } from "./box.mjs";

const SLEEPER = { name: "a", scriptPath: "/bin/sleep", args: ["1000"] };

/** Field `index` of /proc/PID/stat, counted from the state. */
function statOf(pid, index) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[index];
}

test(
  "42: a terminal that hangs up, and Ctrl-C in it, reach neither daemon nor app",
  fault(async (box) => {
    await box.client.killDaemon();
    const command = `"${zpmPath}" start sleep --name a -- 1000; echo up; sleep 1000`;
    const terminal = spawn("script", ["-qec", command, "/dev/null"], {
      env: { ...process.env, ZPM_HOME: box.home },
      cwd: box.project,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(terminal, "exit");
    await within("the start", once(terminal.stdout, "data"));
    const { pid } = await box.until("a", "running");
    const daemon = await box.hello();
    terminal.stdin.write("\x03");
    terminal.kill("SIGKILL"); // its other end is closed: SIGHUP to the shell
    await within("the end of the terminal", ended);
    await waitFor("the end of the shell", () =>
      processesOf(box.home).every(({ command }) => !/echo up/.test(command)),
    );
    assert.equal((await box.hello()).pid, daemon.pid);
    assert.equal((await box.row("a")).pid, pid);
    for (const one of [pid, daemon.pid, daemon.keeperPid])
      assert.equal(statOf(one, 4), "0", "it has no terminal");
  }),
);

test(
  "43: with no environment, terminal or network it starts, and says what lacks",
  fault(async (box, t) => {
    await box.client.killDaemon();
    const bare = { cwd: "/", env: { ZPM_HOME: box.home } };
    const alone = ["--user", "--map-root-user", "--net"];
    const hasNone = (await run("unshare", [...alone, "true"])).code === 0;
    if (!hasNone) t.diagnostic("no user namespaces: the network stays");
    const zpm = (...words) =>
      hasNone
        ? run("unshare", [...alone, zpmPath, ...words], bare)
        : run(zpmPath, words, bare);
    const started = await zpm(
      "start",
      "/bin/sleep",
      "--name",
      "a",
      "--",
      "9999",
    );
    assert.equal(started.code, 0, started.stderr);
    const row = await box.row("a");
    assert.equal(row.status, "running");
    const doctor = await zpm("doctor");
    assert.match(doctor.stdout, /node is not in the PATH/);
    assert.deepEqual(
      readFileSync(`/proc/${row.pid}/environ`, "utf8").match(/^HOME=/m),
      null,
    );
  }),
);

test(
  "44: a node that has moved leaves the daemon alone, and is named",
  fault(async (box) => {
    const bin = join(box.project, "node-20", "bin");
    mkdirSync(bin, { recursive: true });
    symlinkSync(process.execPath, join(bin, "node"));
    const scriptPath = box.program("app.js", "setInterval(() => {}, 1e9);\n");
    const callerEnv = { PATH: `${bin}:/nowhere` };
    const config = { name: "a", scriptPath, cwd: box.project };
    await box.client.start(config, { callerEnv });
    const { pid } = await box.row("a");
    const daemon = (await box.hello()).pid;
    rmSync(join(box.project, "node-20"), { recursive: true });
    assert.equal((await box.row("a")).pid, pid, "what runs goes on");
    await assert.rejects(box.client.restart("a"), /node/);
    const row = await box.row("a");
    assert.equal(row.status, "errored");
    assert.match(row.lastError, /node.*PATH/);
    assert.equal((await box.hello()).pid, daemon);
    // A start from where there is one is all it takes.
    await box.client.start(config);
    assert.equal((await box.row("a")).status, "running");
  }),
);

test(
  "51: without control groups a stop reaches the tree, and doctor says which holds",
  fault(async (box, t) => {
    await box.client.killDaemon();
    const words = ["--user", "--map-root-user", "--mount", "sh", "-c"];
    const hide = "mount -t tmpfs none /sys/fs/cgroup";
    const isHidden = (await run("unshare", [...words, hide])).code === 0;
    if (!isHidden) t.diagnostic("no user namespaces: as this machine has it");
    const start = `exec "${zpmPath}" start-daemon`;
    const started = isHidden
      ? await run("unshare", [...words, `${hide} && ${start}`])
      : await run("sh", ["-c", start]);
    assert.equal(started.code, 0, started.stderr);
    const found = (await box.client.doctor()).find(
      ({ check }) => check === "kill guarantee",
    );
    if (isHidden) assert.match(found.text, /escapes: .*(cgroup|control group)/);
    assert.equal(found.ok, true, "it is no fault");

    await box.client.start({
      name: "a",
      scriptPath: box.program(
        "tree.sh",
        "#!/bin/sh\nsleep 3456 &\n(setsid sleep 3456 &)\nexec sleep 3456\n",
      ),
      cwd: box.project,
    });
    const left = () =>
      processesOf(box.home).filter(({ command }) =>
        /^sleep 3456/.test(command),
      );
    await waitFor("the tree", () => left().length === 3);
    await box.client.stop("a");
    assert.deepEqual(left(), []);
  }),
);

test(
  "52: a flood of orphans leaves no zombie",
  fault(async (box) => {
    const { pid: daemon, keeperPid } = await box.hello();
    await box.client.start({
      name: "a",
      scriptPath: box.program(
        "flood.sh",
        "#!/bin/sh\ni=0\nwhile [ $i -lt 1500 ]; do (true & true &); i=$((i+1)); done\necho over\nexec sleep 1000\n",
      ),
      cwd: box.project,
    });
    const { pid } = await box.row("a");
    await waitFor("the flood", async () => {
      await box.client.list();
      return box.log("a").includes("over");
    });
    await waitFor("the end of all", () =>
      childrenOf(keeperPid).every((child) => [pid, daemon].includes(child.pid)),
    );
    const row = await box.row("a");
    assert.deepEqual([row.pid, row.status], [pid, "running"]);
  }),
);

/** A control group of version 1 that can freeze, where SIGKILL has to wait; or
 * null. */
function freezer(t) {
  const folder = `/sys/fs/cgroup/freezer/zpm-test-${process.pid}`;
  const put = (file, text) => writeFileSync(join(folder, file), `${text}`);
  if (!existsSync("/sys/fs/cgroup/freezer/cgroup.procs")) return null;
  try {
    mkdirSync(folder);
  } catch {
    return null;
  }
  const thaw = () => put("freezer.state", "THAWED");
  t.after(async () => {
    thaw();
    await waitFor("an empty group", () => {
      try {
        rmdirSync(folder);
        return true;
      } catch {
        return false;
      }
    });
  });
  const freeze = (pid) => {
    put("cgroup.procs", pid);
    put("freezer.state", "FROZEN");
  };
  return { freeze, thaw };
}

test(
  "53: what survives SIGKILL is shown as stuck, and never started twice",
  fault(async (box, t) => {
    await box.client.start({ ...SLEEPER, cwd: box.project, killTimeout: 100 });
    const { pid } = await box.row("a");
    const ice = freezer(t);
    if (ice === null) {
      t.diagnostic("no freezer of version 1: nothing here survives SIGKILL");
      await box.client.stop("a");
      assert.ok(!isAlive(pid));
      return;
    }
    ice.freeze(pid);
    await assert.rejects(
      within("an answer", box.client.stop("a")),
      new RegExp(`pid ${pid} .*(uninterruptible|frozen)`),
    );
    const row = await box.row("a");
    assert.deepEqual(
      [row.status, row.stuck, row.pid],
      ["stopping", true, pid],
      "it is not pretended away",
    );
    await assert.rejects(within("an answer", box.client.start({ name: "a" })));
    assert.ok(isAlive(pid));
    const running = processesOf(box.home).filter(({ command }) =>
      /sleep 1000/.test(command),
    );
    assert.deepEqual(
      running.map((one) => one.pid),
      [pid],
      "no second one",
    );
    await box.client.stop("a").catch(() => {});
    ice.thaw();
    await box.until("a", "stopped");
    assert.ok(!isAlive(pid));
    await box.client.start({ name: "a" });
    assert.equal((await box.row("a")).status, "running");
  }),
);
