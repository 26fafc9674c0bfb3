// One daemon, and one keeper, in place of another under running apps.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { getSocketPath } from "@zuzjs/pm";

import { commandLine, zpmPath } from "./cli.mjs";
import { freePort, isAlive, next, root, run, waitFor } from "./helpers.mjs";

/** Other versions of zpm lie beside a build for tests. */
const built = [dirname(zpmPath), join(root, "out", "debug")].find((folder) =>
  existsSync(join(folder, "next", "zpm")),
);
const { version } = JSON.parse(readFileSync(join(root, "package.json")));
const NEXT = "0.1.99";
const LATER = "0.1.199";

/** What the programs of a folder of the build become when they are installed. */
function install(box, name, from = ".") {
  const folder = join(box.home, name);
  mkdirSync(folder, { recursive: true });
  for (const program of ["zpm", "zpm-keeper"]) {
    // Not over a file that runs, but in its place, as package managers do.
    const fresh = join(folder, `${program}.new`);
    const source = join(built, from, program);
    copyFileSync(existsSync(source) ? source : join(built, program), fresh);
    renameSync(fresh, join(folder, program));
  }
  const env = {
    ...process.env,
    ZPM_HOME: box.home,
    ZPM_AGENT: join(root, "dist", "agent.cjs"),
  };
  const zpm = join(folder, "zpm");
  const command = (...words) => run(zpm, words, { cwd: box.project, env });
  const done = async (...words) => {
    const result = await command(...words);
    assert.equal(result.code, 0, `${words.join(" ")}\n${result.stderr}`);
    return result.stdout;
  };
  return {
    folder,
    zpm,
    env,
    command,
    done,
    json: async (...words) => JSON.parse(await done(...words, "--json")),
    app: async (app) => JSON.parse(await done("stats", app, "--json"))[0],
  };
}

const exeOf = (pid) => readlinkSync(`/proc/${pid}/exe`);
const daemonLog = (box) =>
  readFileSync(join(box.home, "zuz-pm", "daemon.log"), "utf8");

/** An app that writes 1, 2, 3, ...; `check` asserts that no number is missing or
 * doubled once it has been stopped. */
async function counting(box, zpm) {
  const script = box.write(
    "count.sh",
    "i=0\nwhile :; do i=$((i+1)); echo $i; sleep 0.002; done\n",
  );
  const lines = () => box.log("count").trimEnd().split("\n");
  await zpm.done("start", script, "--name", "count");
  const grows = async () => {
    const before = lines().length;
    await waitFor("output", () => lines().length > before + 5);
  };
  await grows();
  return {
    grows,
    check: async (by) => {
      await grows();
      await by.done("stop", "count");
      lines().forEach((line, i) => assert.equal(line, String(i + 1)));
    },
  };
}

/** Same processes, none of them restarted, and no time lost. */
function assertSame(before, after) {
  const pick = ({ name, pid, status, totalRestarts }) => ({
    name,
    pid,
    status,
    totalRestarts,
  });
  assert.deepEqual(after.map(pick), before.map(pick));
  after.forEach(({ name, uptime }, i) =>
    assert.ok(uptime >= before[i].uptime, `the uptime of ${name} goes on`),
  );
}

test("apps notice nothing of an update", async (t) => {
  const box = commandLine(t);
  const old = install(box, "old");
  const count = await counting(box, old);
  const port = await freePort();
  const server = box.write(
    "server.js",
    `process.on("disconnect", () => console.log("disconnected"));
     process.on("message", () => {});
     require("node:net").createServer((s) => s.pipe(s)).listen(${port}, "127.0.0.1");`,
  );
  await old.done("start", server, "--name", "server");
  const third = box.write(
    "third.sh",
    "echo >> tries\n[ $(wc -l < tries) -ge 3 ] || exit 1\nexec sleep 1000\n",
  );
  await old.done(
    ...["start", third, "--name", "third"],
    ...["--immediate-crash", "retry", "--min-backoff", "10"],
  );
  await old.done(
    ...["start", "sleep", "--name", "nap", "--immediate-crash", "retry"],
    ...["--", "1000"],
  );
  await waitFor(
    "its restarts",
    async () => (await old.app("third")).totalRestarts === 2,
  );
  const socket = await waitFor(
    "the server",
    () =>
      new Promise((open) => {
        const one = connect(port, "127.0.0.1");
        one.once("connect", () => open(one));
        one.once("error", () => open(null));
      }),
  );
  const before = await old.json("stats");
  const hello = await old.json("ping");

  const fresh = install(box, "new", "next");
  const said = await fresh.done("update");
  assert.match(
    said,
    new RegExp(
      `^updated: daemon ${version} -> ${NEXT} \\(pid ${hello.pid} -> \\d+\\), ` +
        "keeper replaced, 4 apps kept running\n$",
    ),
  );
  const now = await fresh.json("ping");
  assert.equal(now.version, NEXT);
  assert.equal(now.keeperVersion, NEXT);
  assert.equal(now.keeperPid, hello.keeperPid, "it is the same process");
  assert.ok(!isAlive(hello.pid));
  assert.equal(exeOf(now.pid), fresh.zpm);
  assert.equal(exeOf(now.keeperPid), join(fresh.folder, "zpm-keeper"));
  assertSame(before, await fresh.json("stats"));

  socket.write("are you there?");
  assert.equal(`${await next(socket, "data")}`, "are you there?");
  socket.destroy();
  const heap = await waitFor(
    "an answer through the channel",
    async () => (await fresh.app("server")).memoryHeap,
  );
  assert.ok(heap > 0);
  assert.ok(!box.log("server").includes("disconnected"));

  // The new pair is a whole one.
  const { pid } = await fresh.app("nap");
  process.kill(pid, "SIGUSR1");
  await waitFor(
    "its next process",
    async () =>
      (await fresh.app("nap")).pid > 0 && (await fresh.app("nap")).pid !== pid,
  );
  assert.equal((await fresh.app("nap")).lastExitSignal, "SIGUSR1");
  process.kill(now.pid, "SIGKILL");
  await waitFor("its end", () => !isAlive(now.pid));
  const again = await fresh.json("ping");
  assert.equal(exeOf(again.pid), fresh.zpm);
  await count.check(fresh);
  assert.match(await fresh.done("update"), /those of this zpm already/);
  await fresh.done("kill-daemon");
});

test("files that are replaced in place", async (t) => {
  const box = commandLine(t);
  const before = install(box, "modules/pm");
  const count = await counting(box, before);
  const hello = await before.json("ping");
  const stats = await before.json("stats");
  const after = install(box, "modules/pm", "next");
  assert.match(exeOf(hello.pid), / \(deleted\)$/);
  const result = await after.json("update");
  assert.deepEqual(result.from, { version, pid: hello.pid });
  assert.equal(result.to.version, NEXT);
  assert.equal(result.keeper, "keeper replaced");
  assert.equal(result.appsRunning, 1);
  assert.equal(result.appsKept, 1);
  assertSame(stats, await after.json("stats"));
  assert.equal(exeOf(result.to.pid), after.zpm);
  assert.equal(exeOf(hello.keeperPid), join(after.folder, "zpm-keeper"));
  await count.check(after);
});

test("a folder that is moved away, replaced and removed", async (t) => {
  const box = commandLine(t);
  const before = install(box, "modules/pm");
  const count = await counting(box, before);
  const stats = await before.json("stats");
  renameSync(join(box.home, "modules/pm"), join(box.home, "modules/.pm-1a2b"));
  const after = install(box, "modules/pm", "next");
  rmSync(join(box.home, "modules/.pm-1a2b"), { recursive: true });
  assert.match(await after.done("update"), /keeper replaced, 1 app kept/);
  assertSame(stats, await after.json("stats"));
  await count.check(after);
});

for (const [how, cause] of [
  ["tells", /cannot start: it is broken/],
  ["crashes", /ended \(signal 6\) before it served/],
])
  test(`a daemon that ${how} and ends: the old one goes on`, async (t) => {
    const box = commandLine(t);
    const old = install(box, `${how}/pm`);
    const count = await counting(box, old);
    const stats = await old.json("stats");
    const hello = await old.json("ping");
    const program = statSync(old.zpm).ino;
    for (const place of [`${how}/other`, `${how}/pm`]) {
      const broken = install(box, place, "broken");
      const { code, stderr } = await broken.command("update");
      assert.equal(code, 1, stderr);
      assert.match(stderr, cause);
      assert.match(stderr, /The old one goes on .*; no app noticed/);
      const now = await broken.json("ping");
      assert.equal(now.version, version);
      assert.equal(now.keeperPid, hello.keeperPid);
      assertSame(stats, await broken.json("stats"));
      // Also after its own death, whatever lies at its path.
      process.kill(now.pid, "SIGKILL");
      await waitFor("its end", () => !isAlive(now.pid));
      const { pid } = await broken.json("ping");
      assert.equal(statSync(`/proc/${pid}/exe`).ino, program);
      assert.equal(readFileSync(`/proc/${pid}/comm`, "utf8"), "zpm\n");
      await count.grows();
    }
    const good = install(box, `${how}/pm`, "next");
    assert.match(await good.done("update"), /keeper replaced, 1 app kept/);
    assertSame(stats, await good.json("stats"));
    await count.check(good);
  });

/** Starts a pair by hand: its keeper loses patience sooner. */
async function startImpatient(box, zpm, patience) {
  mkdirSync(join(box.home, "zuz-pm"), { recursive: true, mode: 0o700 });
  const log = openSync(join(box.home, "zuz-pm", "daemon.log"), "a", 0o600);
  // The lock says that a pair lives, see csrc/client/connect.c.
  const keeper = spawn(
    "sh",
    [
      "-c",
      'flock -n 2 && exec "$0" --patience "$1" -- "$2" daemon --namespace zuz-pm',
      join(zpm.folder, "zpm-keeper"),
      `${patience}`,
      zpm.zpm,
    ],
    { stdio: ["ignore", "pipe", log], env: zpm.env },
  );
  closeSync(log);
  assert.equal(`${await next(keeper.stdout, "data")}`.trim(), "ready");
  return { ended: once(keeper, "exit") };
}

test("a daemon that hangs at its start is ended", async (t) => {
  const box = commandLine(t);
  const old = install(box, "old");
  const { ended } = await startImpatient(box, old, 300);
  const count = await counting(box, old);
  const stats = await old.json("stats");
  const hanging = install(box, "hangs/pm", "broken");
  const { code, stderr } = await hanging.command("update", "--json");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /has not begun to serve/);
  assertSame(stats, await old.json("stats"));
  await count.check(old);
  await old.done("kill-daemon");
  await ended;
});

test("a daemon that is stopped is ended, and no app is", async (t) => {
  const box = commandLine(t);
  const zpm = install(box, "pm");
  await startImpatient(box, zpm, 1000);
  const count = await counting(box, zpm);
  const { pid, keeperPid } = await zpm.json("ping");
  const stats = await zpm.json("stats");
  process.kill(pid, "SIGSTOP");
  const [after] = await zpm.json("stats", "count"); // waits for the next one
  assertSame(stats, [after]);
  const now = await zpm.json("ping");
  assert.notEqual(now.pid, pid);
  assert.equal(now.keeperPid, keeperPid);
  assert.match(daemonLog(box), /daemon \(pid \d+\) has been stopped for 1 s/);
  await count.check(zpm);
});

test("up, up and down again", async (t) => {
  const box = commandLine(t);
  const old = install(box, "old");
  const count = await counting(box, old);
  const stats = await old.json("stats");
  const { keeperPid } = await old.json("ping");
  const fresh = install(box, "new", "next");
  const copy = install(box, "copy", "next");
  for (const [from, to, zpm] of [
    [version, NEXT, fresh],
    [NEXT, NEXT, copy],
    [NEXT, version, old],
    [version, NEXT, fresh],
  ]) {
    const result = await zpm.json("update");
    assert.equal(result.from.version, from);
    assert.equal(result.to.version, to);
    assert.equal(result.keeper, "keeper replaced");
    const now = await zpm.json("ping");
    assert.equal(now.keeperPid, keeperPid);
    assert.equal(exeOf(keeperPid), join(zpm.folder, "zpm-keeper"));
    assertSame(stats, await zpm.json("stats"));
    await count.grows();
  }
  await count.check(fresh);
});

test("a state that is too new for a daemon keeps the one that wrote it", async (t) => {
  const box = commandLine(t);
  const state = join(box.home, "zuz-pm", "state.json");
  const old = install(box, "old");
  const count = await counting(box, old);
  const stats = await old.json("stats");
  assert.match(readFileSync(state, "utf8"), /^\{"version":1,/);
  const later = install(box, "later", "later");
  assert.match(await later.done("update"), new RegExp(`-> ${LATER} `));
  assertSame(stats, await later.json("stats"));
  await later.done("start", "sleep", "--name", "nap", "--", "1000");
  const written = readFileSync(state, "utf8");
  assert.match(written, /^\{"version":2,/, "the state of the version before");
  const { code, stderr } = await old.command("update");
  assert.equal(code, 1);
  assert.match(stderr, /format 2.*The old one goes on \(0\.1\.199/s);
  assert.equal((await later.json("ping")).version, LATER);
  assert.match(readFileSync(state, "utf8"), /^\{"version":2,/);
  assert.equal((await later.app("count")).pid, stats[0].pid);
  await count.check(later);
});

test("an app that waits for its next try", async (t) => {
  const box = commandLine(t);
  const old = install(box, "old");
  const script = box.write("crash.sh", "[ -e calm ] || exit 3\nsleep 1000\n");
  await old.done(
    ...["start", script, "--name", "crash"],
    ...["--immediate-crash", "retry", "--min-backoff", "20"],
  );
  const before = await waitFor("a few crashes", async () => {
    const app = await old.app("crash");
    return app.restartCount >= 3 && app.status === "crashed" && app;
  });
  const fresh = install(box, "new", "next");
  await fresh.done("update");
  const after = await fresh.app("crash");
  assert.ok(after.totalRestarts >= before.totalRestarts, "they are remembered");
  box.write("calm", "");
  await waitFor(
    "its next try",
    async () => (await fresh.app("crash")).status === "running",
  );
  assert.equal((await fresh.app("crash")).lastExitCode, 3);
});

test("what is asked for meanwhile happens", async (t) => {
  const box = commandLine(t);
  const old = install(box, "old");
  await old.done("start-daemon");
  const fresh = install(box, "new", "next");
  const starts = Array.from({ length: 12 }, (_, i) =>
    old.command("start", "sleep", "--name", `app${i}`, "--", "1000"),
  );
  await fresh.done("update");
  const results = await Promise.all(starts);
  const stats = await waitFor("what was started", async () => {
    const all = await fresh.json("stats");
    return all.every(({ status }) => status === "running") && all;
  });
  // One whose answer was cut off may have been started, too: never twice.
  const started = results.filter(({ code }) => code === 0).length;
  assert.ok(stats.length >= started, JSON.stringify(stats));
  assert.equal(new Set(stats.map(({ pid }) => pid)).size, stats.length);
});

test("there may be nothing to update", async (t) => {
  const box = commandLine(t);
  const zpm = install(box, "pm");
  assert.match(await zpm.done("update"), /^no daemon runs/);
  assert.deepEqual(box.daemons(), []);
  await zpm.done("start-daemon");
  const { pid } = await zpm.json("ping");
  assert.match((await zpm.json("update")).message, /already/);
  assert.equal((await zpm.json("ping")).pid, pid);
});

test("the request is checked before anything happens", async (t) => {
  const box = commandLine(t);
  await box.done("start-daemon");
  const { pid } = await box.json("ping");
  for (const [zpm, error] of [
    ["zpm", /give an absolute path/],
    ["/nowhere/zpm", /no such file/i],
    ["/etc", /no program/],
    [join(box.home, "zuz-pm", "daemon.log"), /no program/],
  ]) {
    const reply = await box.wireAsk({ cmd: "update", zpm });
    assert.equal(reply.ok, false);
    assert.match(reply.error, error);
  }
  assert.equal((await box.wireAsk({ cmd: "update" })).ok, false);
  assert.equal((await box.json("ping")).pid, pid);
});

test("a daemon that is too old to know of it", async (t) => {
  const box = commandLine(t);
  mkdirSync(join(box.home, "zuz-pm"), { mode: 0o700 });
  const hello = { version: "0.0.9", compatible: false, pid: 1, keeperPid: 1 };
  const server = createServer((socket) => {
    socket.setEncoding("utf8").on("data", (text) => {
      for (const line of text.trimEnd().split("\n")) {
        const { cmd } = JSON.parse(line);
        const reply =
          cmd === "update"
            ? { ok: false, error: "unknown command", code: "ZPM_ECOMMAND" }
            : { ok: true, data: cmd === "hello" ? hello : [] };
        socket.write(`${JSON.stringify(reply)}\n`);
      }
    });
  });
  server.listen(getSocketPath(undefined, box.home));
  await once(server, "listening");
  try {
    assert.match(
      await box.fails("update"),
      /daemon \(0\.0\.9\) is too old .*zpm restart-daemon/,
    );
  } finally {
    server.close();
  }
});
