// Processes that will not end, that hide, that leave others behind; and managers
// that are killed.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive, processesOf, waitFor } from "../helpers.mjs";
import { childrenOf, fault } from "./box.mjs";
import { controlGroup, cpuTicks, limit } from "./means.mjs";

const KILL_SOON = { killTimeout: 300 };
const TRY_SOON = { immediateCrash: "retry", minBackoff: 20, maxBackoff: 40 };

/** Lines that processes of the app have written: [word, pid]. */
function pidsIn(box, count) {
  const path = join(box.project, "pids");
  return waitFor(`${count} pids`, () => {
    const text = readFileSync(path, { encoding: "utf8", flag: "a+" });
    const lines = text.split("\n").slice(0, -1);
    return (
      lines.length >= count &&
      Object.fromEntries(
        lines.map((line) => line.split(" ")).map(([k, v]) => [k, Number(v)]),
      )
    );
  });
}

/** Whether a stop reaches also what hides on purpose. */
async function nothingEscapes(box) {
  const { stdout } = await box.zpm("doctor");
  if (stdout.includes("a stop reaches every process")) return true;
  assert.match(stdout, /on purpose escapes/, "the weaker guarantee is told");
  return false;
}

async function killDaemon(box) {
  const { pid } = await box.hello();
  process.kill(pid, "SIGKILL");
  await waitFor("another daemon", async () => {
    const found = await box.hello().catch(() => null);
    return found && found.pid !== pid;
  });
}

test(
  "1: the daemon is killed: its apps, their logs and exits are as if it had not been",
  fault(async (box) => {
    const count = box.program(
      "count.sh",
      "#!/bin/sh\nwhile :; do i=$((i+1)); echo $i; sleep 0.005; done\n",
    );
    const ends = box.program("ends.sh", "#!/bin/sh\nsleep 0.3; exit 7\n");
    await box.start({ name: "count", scriptPath: count });
    await box.start({
      name: "ends",
      scriptPath: ends,
      autorestart: false,
    });
    await box.client.close();
    const [before] = await box.client.stats("count");
    for (let i = 0; i < 3; i++) {
      await killDaemon(box);
      await box.client.close();
    }
    const after = await box.row("count");
    assert.deepEqual(
      [after.pid, after.totalRestarts, after.status],
      [before.pid, 0, "running"],
    );
    assert.ok(after.uptime > before.uptime);
    const ended = await waitFor("the exit code", async () => {
      const row = await box.row("ends");
      return row.lastExitCode !== null && row;
    });
    assert.equal(ended.lastExitCode, 7);
    await box.client.stop("count");
    const lines = box.log("count").trimEnd().split("\n").map(Number);
    lines.forEach((number, i) => assert.equal(number, i + 1, "each line once"));
    const copies = processesOf(box.home).filter(({ command }) =>
      command.includes("count.sh"),
    );
    assert.deepEqual(copies, []);
  }),
);

test(
  "2: the keeper is killed: its daemon starts another, and no app notices",
  fault(async (box) => {
    await box.start({ name: "app", scriptPath: "sleep", args: ["99"] });
    const { pid: daemon, keeperPid } = await box.hello();
    const { pid } = await box.row("app");
    process.kill(keeperPid, "SIGKILL");
    const after = await waitFor("the new keeper", async () => {
      const hello = await box.hello();
      return hello.keeperPid > 0 && hello.keeperPid !== keeperPid && hello;
    });
    assert.equal(after.pid, daemon);
    const row = await box.row("app");
    assert.deepEqual(
      [row.pid, row.status, row.totalRestarts],
      [pid, "running", 0],
    );
    const copies = processesOf(box.home).filter(({ command }) =>
      command.includes("sleep 99"),
    );
    assert.equal(copies.length, 1);
    const journal = readFileSync(join(box.folder, "daemon.log"), "utf8");
    assert.match(journal, /zpm-keeper was gone: a new one was started/);
  }),
);

const HOG = `const all = [];
for (;;) all.push(Buffer.alloc(8 << 20, 1));
`;
const KILLS_ITSELF = 'process.kill(process.pid, "SIGKILL");\n';

test(
  "3: a child is killed for want of memory: that is what it is called",
  fault(async (box) => {
    const files = ["memory.limit_in_bytes", "memory.max"];
    const group = controlGroup("memory", files, `${320 << 20}`);
    try {
      if (group !== null) {
        group.move((await box.hello()).keeperPid);
        await killDaemon(box); // the next one is born in it
        await box.client.close();
      }
      await box.start({ name: "near", scriptPath: "sleep", args: ["99"] });
      const near = await box.row("near");
      const start = box.start({
        name: "hog",
        scriptPath: box.program("hog.js", group ? HOG : KILLS_ITSELF),
        immediateCrash: "hold",
      });
      await start.catch(() => {}); // it may be dead before it is said to run
      const row = await waitFor("its end", async () => {
        const found = await box.row("hog");
        return found.lastExitSignal !== null && found;
      });
      assert.equal(row.lastExitSignal, "SIGKILL");
      const { lastExit } = await box.client.describe("hog");
      const cause = group === null ? "itself" : "out-of-memory";
      assert.equal(lastExit.cause, cause);
      const shown = await box.done("describe", "hog");
      assert.equal(/ran out of memory/.test(shown), group !== null, shown);
      const after = await box.row("near");
      assert.deepEqual([after.pid, after.totalRestarts], [near.pid, 0]);
      await box.client.delete("all");
    } finally {
      await group?.remove();
    }
  }),
);

test(
  "8: no process can be made: the start has failed, and is tried again",
  fault(async (box) => {
    await box.start({ name: "near", scriptPath: "sleep", args: ["99"] });
    const near = await box.row("near");
    const { keeperPid } = await box.hello();
    const group = controlGroup("pids", ["pids.max"], "1");
    let allow = null; // no fault can be made
    if (group !== null) {
      group.move(keeperPid);
      allow = () => group.set("max");
    } else if (process.geteuid() !== 0)
      allow = await limit(keeperPid, "nproc", 0); // none for root
    try {
      const config = { name: "late", scriptPath: "sleep", args: ["99"] };
      const start = box.start({ ...config, ...TRY_SOON });
      if (allow === null) await start;
      else {
        await assert.rejects(start, /resource temporarily unavailable/i);
        const row = await box.row("late");
        assert.ok(["crashed", "starting"].includes(row.status), row.status);
        assert.match(row.lastError, /resource temporarily unavailable/i);
        assert.equal((await box.row("near")).pid, near.pid);
        await allow();
      }
      await box.until("late", "running");
    } finally {
      await group?.remove();
    }
  }),
);

test(
  "9: a program that cannot be run: the caller hears why, and there is no loop",
  fault(async (box) => {
    const broken = {
      missing: [
        join(box.project, "nowhere"),
        /nowhere.*(no file|not exist|no such file)/i,
      ],
      shebang: [box.program("shebang", "#!/no/such/one\n"), /\/no\/such\/one/],
      locked: [box.program("locked", "#!/bin/sh\n", 0o644), /locked/],
      noise: [box.program("noise", "\x7fELF nonsense"), /noise.*exec format/i],
      folder: [box.project, /folder|directory/i],
    };
    for (const [name, [scriptPath, why]] of Object.entries(broken))
      await assert.rejects(
        box.start({ name, scriptPath, ...TRY_SOON }),
        why,
        name,
      );
    const count = async () =>
      (await box.client.stats()).map((row) => [row.status, row.totalRestarts]);
    const first = await count();
    for (const [status] of first) assert.equal(status, "errored");
    await sleep(300); // several waits of theirs
    assert.deepEqual(await count(), first);
  }),
);

test(
  "9: a program that is taken away while it runs is told at its next start",
  fault(async (box) => {
    const scriptPath = box.program("gone.sh", "#!/bin/sh\nexec sleep 99\n");
    await box.start({ name: "gone", scriptPath, ...TRY_SOON });
    const { pid } = await box.row("gone");
    rmSync(scriptPath);
    process.kill(pid, "SIGKILL");
    const row = await box.until("gone", "errored");
    assert.match(row.lastError, /gone\.sh/);
    box.program("gone.sh", "#!/bin/sh\nexec sleep 99\n");
    await box.start({ name: "gone" });
    await box.until("gone", "running");
  }),
);

test(
  "10: the folder it runs in is gone: the start says so, also the next one",
  fault(async (box) => {
    const cwd = join(box.project, "inside");
    box.program("inside/keep", "");
    const config = { name: "app", scriptPath: "sleep", args: ["99"], cwd };
    await box.start({ ...config, ...TRY_SOON });
    const { pid } = await box.row("app");
    rmSync(cwd, { recursive: true });
    process.kill(pid, "SIGKILL");
    const row = await box.until("app", "errored");
    assert.match(row.lastError, /folder.*inside/);
    await assert.rejects(box.start({ name: "app", cwd }), /folder.*inside/);
    writeFileSync(cwd, "");
    await assert.rejects(
      box.start({ name: "app", cwd }),
      /inside: not a directory/,
    );
    rmSync(cwd);
    box.program("inside/keep", "");
    await box.start({ name: "app", cwd });
    await box.until("app", "running");
  }),
);

test(
  "12: a child that ignores SIGTERM is killed after its time, with its children",
  fault(async (box) => {
    const scriptPath = box.program(
      "deaf.sh",
      '#!/bin/sh\ntrap "" TERM\necho "main $$" >>pids\n' +
        `sh -c 'trap "" TERM; echo "child $$" >>pids; sleep 99; :' &\n` +
        "while :; do sleep 0.1; done\n",
    );
    await box.start({ name: "deaf", scriptPath, ...KILL_SOON });
    const pids = Object.values(await pidsIn(box, 2));
    const began = performance.now();
    await box.client.stop("deaf");
    assert.ok(performance.now() - began >= 290, "it had its time");
    assert.deepEqual(pids.filter(isAlive), []);
    assert.equal((await box.row("deaf")).lastExitSignal, "SIGKILL");
  }),
);

test(
  "13: a child that is stopped by SIGSTOP hears the signal and ends well",
  fault(async (box) => {
    const scriptPath = box.program(
      "stopped.sh",
      '#!/bin/sh\ntrap "echo bye; exit 0" TERM\necho "main $$" >>pids\n' +
        "while :; do sleep 0.05; done\n",
    );
    await box.start({ name: "stopped", scriptPath, killTimeout: 60_000 });
    const { main } = await pidsIn(box, 1);
    process.kill(main, "SIGSTOP");
    await waitFor("it to be stopped", () =>
      /^State:\s+T/m.test(readFileSync(`/proc/${main}/status`, "utf8")),
    );
    await box.client.stop("stopped");
    assert.match(box.log("stopped"), /bye/);
    assert.equal((await box.row("stopped")).lastExitCode, 0);
  }),
);

// A daemon of old: two forks, a session of its own, nothing in its environment.
const HIDES = `#!/bin/sh
env -i /bin/sh -c '(setsid /bin/sh -c "echo hidden \\$\\$ >>pids
trap : TERM HUP INT; while :; do sleep 0.05; done" HOLDS &) &'
`;

test(
  "14: a child that forks twice and hides is counted, and ended with its app",
  fault(async (box) => {
    const hides = HIDES.replace("HOLDS", "</dev/null >/dev/null 2>&1");
    const scriptPath = box.program("hides.sh", `${hides}exec sleep 99\n`);
    await box.start({ name: "hides", scriptPath, ...KILL_SOON });
    const { hidden } = await pidsIn(box, 1);
    try {
      if (await nothingEscapes(box)) {
        const { pid } = await box.row("hides");
        await waitFor("it to hide", () => childrenOf(pid).length === 0);
        await sleep(600); // figures may be half a second old
        const row = await box.row("hides");
        assert.ok(row.processes >= 2, `${row.processes} processes`);
        await box.client.delete("hides");
        assert.ok(!isAlive(hidden));
      } else await box.client.delete("hides");
    } finally {
      if (isAlive(hidden)) process.kill(hidden, "SIGKILL");
    }
  }),
);

test(
  "15: the main process ends while a grandchild holds its output",
  fault(async (box) => {
    const scriptPath = box.program(
      "leaves.sh",
      `${HIDES.replace("HOLDS", "")}until [ -s pids ]; do sleep 0.02; done\n` +
        "rm -f pids.old; mv pids pids.old; echo last words; exit 3\n",
    );
    await box.start({
      name: "leaves",
      scriptPath,
      autorestart: false,
      immediateCrash: "retry",
      ...KILL_SOON,
    });
    const row = await waitFor("its exit", async () => {
      const found = await box.row("leaves");
      return found.lastExitCode !== null && found.pid === null && found;
    });
    assert.equal(row.lastExitCode, 3);
    assert.match(box.log("leaves"), /last words\n$/);
    const [, hidden] = readFileSync(join(box.project, "pids.old"), "utf8")
      .trim()
      .split(" ")
      .map(Number);
    try {
      if (await nothingEscapes(box))
        await waitFor("its end", () => !isAlive(hidden));
      // A pipe of its own: nothing of the old one comes into the new run.
      box.program("leaves.sh", "#!/bin/sh\necho anew; exec sleep 99\n");
      await box.start({ name: "leaves" });
      await box.logHas("leaves", "last words\nanew\n");
    } finally {
      if (isAlive(hidden)) process.kill(hidden, "SIGKILL");
    }
  }),
);

test(
  "16: a child that closes its output goes on, and costs nothing",
  fault(async (box) => {
    const scriptPath = box.program(
      "mute.sh",
      '#!/bin/sh\necho "main $$" >>pids\nexec >&- 2>&- sleep 99\n',
    );
    await box.start({ name: "mute", scriptPath });
    await pidsIn(box, 1);
    for (const daemons of ["the first", "a second"]) {
      const { pid } = await box.hello();
      const before = cpuTicks(pid);
      await sleep(400);
      const ticks = cpuTicks(pid) - before;
      assert.ok(ticks < 20, `${daemons} daemon used ${ticks} ticks of 40`);
      assert.equal((await box.row("mute")).status, "running");
      if (daemons === "the first") await killDaemon(box);
      await box.client.close();
    }
  }),
);

test(
  "22: the number of a process is not free before its end has been saved",
  fault(async (box) => {
    await box.start({
      name: "app",
      scriptPath: "sleep",
      args: ["99"],
      autorestart: false,
    });
    const { pid } = await box.row("app");
    const { pid: daemon } = await box.hello();
    const state = () => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, "utf8");
        return text.slice(text.lastIndexOf(")") + 2)[0];
      } catch {
        return "gone";
      }
    };
    process.kill(daemon, "SIGSTOP");
    try {
      process.kill(pid, "SIGKILL");
      await waitFor("its end", () => state() === "Z");
      await sleep(200);
      assert.equal(state(), "Z", "nobody else can have its number");
    } finally {
      process.kill(daemon, "SIGCONT");
    }
    await waitFor("it to be saved", () => state() === "gone");
    assert.equal((await box.row("app")).lastExitSignal, "SIGKILL");
  }),
);
