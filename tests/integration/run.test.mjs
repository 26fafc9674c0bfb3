// `zpm run`: one app in the foreground.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { commandLine, zpmPath } from "./cli.mjs";
import { assertGrowth, childrenOf, rssOf } from "./faults/box.mjs";
import { isAlive, processesOf, run, waitFor, within } from "./helpers.mjs";

/**
 * A box in which `zpm run` finds a folder for the time that it runs, and leaves
 * nothing in it.
 */
function runBox(t) {
  const box = commandLine(t);
  const runtime = join(box.home, "runtime");
  mkdirSync(runtime, { mode: 0o700 });
  const env = { ...process.env, ZPM_HOME: box.home, XDG_RUNTIME_DIR: runtime };

  return {
    ...box,
    runtime,
    env,
    /** Runs it to its end. */
    zpmRun: (...words) =>
      run(zpmPath, ["run", ...words], { cwd: box.project, env }),
    /** Begins to run it. */
    begin: (...words) => new Running(zpmPath, ["run", ...words], box, env),
    beginWith: (program, ...words) => new Running(program, words, box, env),
    assertNothingLeft() {
      assert.deepEqual(readdirSync(runtime), [], "the folder was left");
      assert.deepEqual(
        readdirSync(box.home).sort(),
        ["project", "runtime"],
        "ZPM_HOME was touched",
      );
    },
  };
}

/** A program that runs, and what it has said. */
class Running {
  stdout = "";
  stderr = "";

  constructor(program, words, box, env) {
    this.child = spawn(program, words, {
      cwd: box.project,
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ended = once(this.child, "close");
    for (const stream of ["stdout", "stderr"])
      this.child[stream].setEncoding("utf8").on("data", (text) => {
        this[stream] += text;
      });
  }

  says(text, stream = "stdout") {
    return waitFor(`"${text}"`, () => this[stream].includes(text));
  }

  async end() {
    const [code, signal] = await within("the end of zpm run", this.ended);
    assert.equal(signal, null);
    return code;
  }
}

/** "" if it has ended. */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** The daemon below a zpm run. */
function daemonOf(pid) {
  return waitFor("its daemon", () =>
    childrenOf(pid).find(({ pid }) => commandOf(pid).includes("--run")),
  );
}

test("it ends with the app, and as the app has", async (t) => {
  const box = runBox(t);
  box.write("app.sh", 'echo "$@"; echo bad >&2; exit $1');
  for (const code of [0, 3, 127]) {
    const result = await box.zpmRun("app.sh", "--", `${code}`, "two words");
    assert.equal(result.code, code);
    assert.equal(result.stdout, `${code} two words\n`);
    const [bad, said] = result.stderr.split("\n");
    assert.equal(bad, "bad");
    if (code === 0) assert.equal(said, "");
    else assert.match(said, /^zpm: app 'app' ended: exit code \d+ after /);
    assert.equal(result.signal, null);
  }
  box.assertNothingLeft();
});

test("an app that a signal has ended is 128 + N", async (t) => {
  const box = runBox(t);
  const { code, stderr } = await box.zpmRun("sh", "--", "-c", "kill -KILL $$");
  assert.equal(code, 137);
  assert.match(stderr, /ended: SIGKILL \(9\) after/);
  assert.doesNotMatch(stderr, /starts it|zpm logs/);
  box.assertNothingLeft();
});

test("what cannot be run is said", async (t) => {
  const box = runBox(t);
  const missing = await box.zpmRun("./nothing.js");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^zpm: app 'nothing': .*nothing\.js/m);
  assert.equal((await box.zpmRun("nothing-here")).code, 1);
  const file = await box.zpmRun("apps.json");
  assert.equal(file.code, 2);
  assert.match(file.stderr, /one app.*zpm start apps\.json/);
  const option = await box.zpmRun("app.js", "--wait");
  assert.equal(option.code, 2);
  box.assertNothingLeft();
});

test("crashes are tried again as they are by start", async (t) => {
  const box = runBox(t);
  box.write(
    "app.sh",
    "echo run; if test -e second; then exit 0; fi\n" +
      "test -e first && touch second; touch first; exit 5",
  );
  const { code, stdout, stderr } = await box.zpmRun(
    "app.sh",
    "--immediate-crash=retry",
    "--min-backoff=10",
  );
  assert.equal(code, 0);
  assert.equal(stdout, "run\nrun\nrun\n");
  assert.match(stderr, /^zpm: app 'app' crashed: exit code 5 .*next try in/m);
  box.assertNothingLeft();
});

test("autorestart=false ends with the first exit", async (t) => {
  const box = runBox(t);
  const words = ["-c", "sleep 2; exit 4"];
  const { code } = await box.zpmRun(
    "sh",
    "--autorestart=false",
    "--",
    ...words,
  );
  assert.equal(code, 4);
  box.assertNothingLeft();
});

test("a hundred thousand lines of each stream are exact", async (t) => {
  const box = runBox(t);
  box.write(
    "app.sh",
    "seq -f 'out %.0f' 1 100000 & seq -f 'err %.0f' 1 100000 >&2; wait",
  );
  const { code, stdout, stderr } = await box.zpmRun("app.sh");
  const lines = (name) =>
    Array.from({ length: 100_000 }, (_, i) => `${name} ${i + 1}\n`).join("");
  assert.equal(code, 0);
  assert.ok(stdout === lines("out"), "standard output is not exact");
  assert.ok(stderr === lines("err"), "standard error is not exact");
  box.assertNothingLeft();
});

test("SIGTERM and SIGINT stop the app as zpm stop does", async (t) => {
  const box = runBox(t);
  box.write(
    "app.js",
    `process.on("SIGTERM", () => { console.log("bye"); process.exit(7); });
     setInterval(() => {}, 1000); console.log("up");`,
  );
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const running = box.begin("app.js");
    await running.says("up");
    running.child.kill(signal);
    assert.equal(await running.end(), 7);
    assert.equal(running.stdout, "up\nbye\n");
    assert.equal(running.stderr, "");
  }
  box.assertNothingLeft();
});

test("a stop reaches what ignores it, and all that was started", async (t) => {
  const box = runBox(t);
  box.write(
    "app.sh",
    "trap '' TERM; sh -c \"trap '' TERM; sleep 1000 & wait\" & echo up; " +
      "while :; do sleep 1000; done",
  );
  const running = box.begin("app.sh", "--kill-timeout=200");
  await running.says("up");
  running.child.kill("SIGTERM");
  assert.equal(await running.end(), 137);
  await waitFor("the end of all", () => processesOf(box.home).length === 0);
  box.assertNothingLeft();
});

test("other signals are passed on to the app", async (t) => {
  const box = runBox(t);
  const names = ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"];
  box.write(
    "app.js",
    `for (const name of ${JSON.stringify(names)})
       process.on(name, () => console.log(name));
     setInterval(() => {}, 1000); console.log("up");`,
  );
  const running = box.begin("app.js");
  await running.says("up");
  for (const name of names) {
    running.child.kill(name);
    await running.says(`${name}\n`);
  }
  running.child.kill("SIGTERM");
  assert.equal(await running.end(), 143);
  assert.equal(running.stdout, `up\n${names.join("\n")}\n`);
  box.assertNothingLeft();
});

test("Ctrl-C in a terminal comes once", async (t) => {
  const box = runBox(t);
  box.write(
    "app.js",
    `process.on("SIGINT", () => console.log("app got SIGINT"));
     process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
     setInterval(() => {}, 1000); console.log("up");`,
  );
  const command = `"${zpmPath}" run app.js; echo "code $?"`;
  const running = box.beginWith("script", "-qec", command, "/dev/null");
  await running.says("up");
  running.child.stdin.write("\x03");
  await running.says("bye");
  await within("the end of the terminal", running.ended);
  assert.doesNotMatch(running.stdout, /app got SIGINT/);
  assert.equal(running.stdout.match(/bye/g).length, 1);
  await waitFor("the end of all", () => processesOf(box.home).length === 0);
  box.assertNothingLeft();
});

test("a terminal that is closed takes it along", async (t) => {
  const box = runBox(t);
  box.write("app.sh", "trap '' HUP; echo up; while :; do sleep 1000; done");
  const command = `exec "${zpmPath}" run app.sh`;
  const running = box.beginWith("script", "-qec", command, "/dev/null");
  await running.says("up");
  running.child.kill("SIGKILL");
  await waitFor("the end of all", () => processesOf(box.home).length === 0);
  box.assertNothingLeft();
});

test("a reader that is slow makes the app wait, and loses nothing", async (t) => {
  const box = runBox(t);
  const count = 3_000_000; // 23 MB
  box.write("app.sh", `seq 1 ${count}; touch done`);
  const child = spawn(zpmPath, ["run", "app.sh"], {
    cwd: box.project,
    env: box.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const daemon = await daemonOf(child.pid);
  const before = rssOf(daemon.pid);
  // Nobody reads yet: in the end the app waits, and goes on waiting.
  const written = () => {
    const app = processesOf(box.home).find(({ command }) =>
      command.startsWith("seq "),
    );
    return app && readFileSync(`/proc/${app.pid}/io`, "utf8");
  };
  let last;
  let times = 0;
  await waitFor("the app to wait", () => {
    const now = written();
    times = now && now === last ? times + 1 : 0;
    last = now;
    return times === 50;
  });
  assert.ok(!readdirSync(box.project).includes("done"), "the app did not wait");
  assertGrowth(daemon.pid, { before, most: 8 * 2 ** 20 });
  let lines = 0;
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    for (const part of parts)
      if (Number(part) !== ++lines) assert.fail(`line ${lines} is ${part}`);
  });
  const [code] = await within("the end", closed);
  assert.equal(code, 0);
  assert.equal(lines, count);
  box.assertNothingLeft();
});

test("it ends when nobody reads any more", async (t) => {
  const box = runBox(t);
  const running = box.begin("yes");
  await running.says("y\n");
  running.child.stdout.destroy();
  assert.equal(await running.end(), 143);
  assert.equal(running.stderr, "");
  box.assertNothingLeft();
});

test("it can be told to end while nobody reads", async (t) => {
  const box = runBox(t);
  const child = spawn(zpmPath, ["run", "yes"], {
    cwd: box.project,
    env: box.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await waitFor("output", () => childrenOf(child.pid).length === 2);
  child.kill("SIGTERM");
  const [code] = await within("the end", ended);
  assert.equal(code, 143);
  child.stdout.destroy();
  box.assertNothingLeft();
});

test("a daemon of the same user is left alone", async (t) => {
  const box = runBox(t);
  await box.done("start", "sleep", "--name", "app", "--", "1000");
  const { pid } = await box.app("app");
  const result = await box.zpmRun("echo", "--name", "app", "--", "hello");
  assert.equal(result.stdout, "hello\n");
  assert.equal(result.code, 0);
  assert.equal((await box.app("app")).pid, pid);
  assert.deepEqual(readdirSync(box.runtime), []);
});

test("kill -9 of what is inside restarts no app", async (t) => {
  const box = runBox(t);
  box.write(
    "app.js",
    `process.on("SIGUSR2", () => console.log("still here"));
     process.on("SIGTERM", () => process.exit(9));
     setInterval(() => {}, 1000); console.log("up", process.pid);`,
  );
  const running = box.begin("app.js");
  await running.says("up");
  const daemon = await daemonOf(running.child.pid);
  process.kill(daemon.pid, "SIGKILL");
  await waitFor("the next one", async () => {
    const next = await daemonOf(running.child.pid);
    return next.pid !== daemon.pid;
  });
  await running.says("took over 1 app", "stderr");
  running.child.kill("SIGUSR2");
  await running.says("still here");
  running.child.kill("SIGTERM");
  assert.equal(await running.end(), 9);
  assert.equal(running.stdout.match(/up/g).length, 1);
  box.assertNothingLeft();
});

test("kill -9 of it leaves no app behind", async (t) => {
  const box = runBox(t);
  const running = box.begin("sh", "--", "-c", "echo up; exec sleep 1000");
  await running.says("up");
  running.child.kill("SIGKILL");
  await waitFor("the end of all", () => processesOf(box.home).length === 0);
  box.assertNothingLeft();
});

test("the app has the user's own environment and umask", async (t) => {
  const box = runBox(t);
  const words = ["-c", "umask; env; pwd"];
  const old = process.umask(0o027);
  const { stdout } = await box.zpmRun("sh", "--env=A=b", "--", ...words);
  process.umask(old);
  const lines = stdout.trim().split("\n");
  assert.equal(lines[0], "0027");
  assert.ok(lines.includes("A=b"));
  assert.ok(lines.includes(`ZPM_HOME=${box.home}`));
  assert.equal(lines.at(-1), box.project);
  for (const name of ["NOTIFY_SOCKET", "ZPM_CTL", "ZPM_TABLE"])
    assert.ok(!lines.some((line) => line.startsWith(`${name}=`)), name);
});

test("without a runtime folder it takes the next one", async (t) => {
  const box = runBox(t);
  const temporary = join(box.home, "tmp");
  mkdirSync(temporary);
  const env = { XDG_RUNTIME_DIR: "/nothing/here", TMPDIR: temporary };
  const words = ["run", "sh", "--", "-c", 'ls "$TMPDIR"; exit 6'];
  const result = await box.zpmWith({ env }, ...words);
  assert.equal(result.code, 6);
  assert.match(result.stdout, /^zpm-run-/);
  assert.deepEqual(readdirSync(temporary), []);
});

test("a read-only root file system will do", async (t) => {
  const box = runBox(t);
  const readOnly =
    "mount --rbind / / && mount -o remount,bind,ro / && " +
    "{ mount -o remount,bind,ro /tmp 2>/dev/null || ! touch /tmp 2>/dev/null; }";
  const script = `${readOnly} || exit 99
    exec "$ZPM" run sh -- -c 'ls -d /dev/shm/zpm-run-*; exit 13'`;
  const { XDG_RUNTIME_DIR: _, TMPDIR: __, ...rest } = box.env;
  const env = { ...rest, ZPM: zpmPath };
  for (const own of [[], ["--user", "--map-root-user"]]) {
    const words = [...own, "--mount", "sh", "-c", script];
    const result = await run("unshare", words, { cwd: box.project, env });
    if (result.code !== 13 && own.length === 0) continue; // not root
    assert.equal(result.code, 13, result.stderr);
    assert.match(result.stdout, /^\/dev\/shm\/zpm-run-\w+\n$/);
    break;
  }
  const left = readdirSync("/dev/shm").filter((name) => /^zpm-run/.test(name));
  assert.deepEqual(left, []);
});

// ---- process 1 ----

/** How a process namespace of one's own is made here: root, or as if. */
async function namespace() {
  const own = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const as = ["--user", "--map-root-user", ...own];
  for (const words of [own, as])
    if ((await run("unshare", [...words, "true"])).code === 0) return words;
  return assert.fail("neither root nor a user namespace: no test as process 1");
}

test("as process 1 it reaps orphans and ends as its app", async (t) => {
  const box = runBox(t);
  box.write(
    "app.sh",
    `test "$(cat /proc/1/comm)" = zpm-keeper || echo "1 is not zpm"
     for i in 1 2 3 4 5; do sh -c 'sh -c : & sleep 0.01 &'; done
     # Each orphan was put below process 1, and must not stay a zombie there.
     for i in $(seq 1 500); do
       sleep 0.02
       grep -l "^State:.Z" /proc/[0-9]*/status >/dev/null 2>&1 && continue
       echo none stays; exit 11
     done
     grep -h "^State:.Z" /proc/[0-9]*/status`,
  );
  const words = [...(await namespace()), zpmPath, "run", "app.sh"];
  const { code, stdout } = await run("unshare", words, {
    cwd: box.project,
    env: box.env,
  });
  assert.equal(stdout, "none stays\n");
  assert.equal(code, 11);
  box.assertNothingLeft();
});

test("as process 1 it hears SIGTERM, and nothing outlives it", async (t) => {
  const box = runBox(t);
  box.write(
    "app.sh",
    "setsid sleep 1000 & trap 'echo bye; exit 12' TERM; echo up\n" +
      "while :; do sleep 0.05; done",
  );
  const words = [...(await namespace()), zpmPath, "run", "app.sh"];
  const running = box.beginWith("unshare", ...words);
  await running.says("up");
  const first = childrenOf(running.child.pid)[0].pid;
  assert.match(readFileSync(`/proc/${first}/status`, "utf8"), /NSpid:.*\t1\n/);
  process.kill(first, "SIGTERM");
  assert.equal(await running.end(), 12);
  assert.equal(running.stdout, "up\nbye\n");
  assert.ok(!isAlive(first));
  assert.deepEqual(processesOf(box.home), []);
  box.assertNothingLeft();
});
