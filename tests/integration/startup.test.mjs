// `zpm startup`: what is written for an init system, and the daemon as its
// service.  No init system runs here: what it is asked is noted by stubs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";

import { commandLine, zpmPath } from "./cli.mjs";
import { isAlive, run, waitFor, within } from "./helpers.mjs";

const ODD = ["a 'folder' of \"50%\" & <$HOME>\\n", "é ü"];
/** What systemd takes as the path of a program. */
const LESS_ODD = ["a folder of 50% & <$HOME>", "é ü"];

/** The plan for a home: {path, text} of the file, and the commands. */
async function plan(box, home, kind, ...words) {
  const env = { ZPM_HOME: home };
  const args = ["startup", kind, "--dry-run", ...words];
  const { code, stdout, stderr } = await box.zpmWith({ env }, ...args);
  assert.equal(code, 0, stderr);
  const [, path] = stderr.match(/write the above to (.*)\n/);
  return { path, text: stdout, commands: stderr.split("\n  ").slice(1) };
}

/** A home whose path has all that can be in one, and the program in it. */
function oddHome(box, parts = ODD) {
  const home = join(box.home, ...parts);
  mkdirSync(join(home, "bin"), { recursive: true });
  copyFileSync("/bin/true", join(home, "bin", "zpm"));
  return home;
}

async function verify(box, words, { path, text }) {
  const file = box.write(path.split("/").at(-1), text);
  const result = await run("systemd-analyze", [...words, "verify", file], {
    env: { ...process.env, XDG_RUNTIME_DIR: box.project },
  });
  assert.equal(result.stdout + result.stderr, "");
  assert.equal(result.code, 0);
}

test("systemd takes the unit of the system", async (t) => {
  const box = commandLine(t);
  const words = ["--user", "daemon", "--namespace", "two words+1"];
  const unit = await plan(box, oddHome(box), "systemd", ...words);
  assert.equal(
    unit.path,
    "/etc/systemd/system/zpm-two\\x20words\\x2b1.service",
  );
  assert.match(unit.text, /^User=daemon$/m);
  assert.deepEqual(unit.commands, [
    "systemctl daemon-reload",
    "systemctl enable zpm-two\\x20words\\x2b1.service\n",
  ]);
  await verify(box, [], unit);
  const less = oddHome(box, LESS_ODD);
  await verify(box, [], await plan(box, less, "systemd", ...words));
});

test("systemd takes the unit of a user", async (t) => {
  const box = commandLine(t);
  const home = oddHome(box);
  // Root's own is one of the system.
  const as = process.getuid() === 0 ? { uid: 1, gid: 1 } : {};
  for (const folder of [box.home, dirname(home), home, join(home, "bin")])
    chmodSync(folder, 0o755);
  const shown = await run(zpmPath, ["startup", "systemd", "--dry-run"], {
    ...as,
    cwd: "/",
    env: { ...process.env, ZPM_HOME: home },
  });
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stderr, /\.config\/systemd\/user\/zpm-zuz-pm\.service/);
  assert.match(shown.stderr, /^ {2}systemctl --user enable zpm-zuz-pm/m);
  assert.match(shown.stderr, /^ {2}loginctl enable-linger \w+$/m);
  assert.match(shown.stdout, /^WantedBy=default\.target$/m);
  assert.doesNotMatch(shown.stdout, /User=/);
  const unit = { path: "zpm-zuz-pm.service", text: shown.stdout };
  await verify(box, ["--user"], unit);
});

test("launchd would read from the property list what was meant", async (t) => {
  const box = commandLine(t);
  const home = oddHome(box);
  const { path, text } = await plan(box, home, "launchd");
  const file = box.write("list.plist", text);
  const script =
    "import json, plistlib, sys\n" +
    "print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
  const { stdout, stderr } = await run("python3", ["-c", script, file]);
  const list = JSON.parse(stdout || `"${stderr}"`);
  assert.match(path, /\/Library\/Launch\w+\/zpm\.zuz-pm\.plist$/);
  assert.equal(list.Label, "zpm.zuz-pm");
  assert.deepEqual(list.ProgramArguments, [
    join(home, "bin", "zpm"),
    "daemon",
    "--service",
    "--namespace",
    "zuz-pm",
  ]);
  assert.deepEqual(list.EnvironmentVariables, { ZPM_HOME: home });
  assert.equal(list.RunAtLoad, true);
  assert.deepEqual(list.KeepAlive, { SuccessfulExit: false });
});

test("the script for OpenRC is one, and says what was meant", async (t) => {
  const box = commandLine(t);
  const home = oddHome(box);
  const { path, text } = await plan(box, home, "openrc");
  const file = box.write("zpm-zuz-pm", text);
  assert.equal(path, "/etc/init.d/zpm-zuz-pm");
  for (const check of [
    ["sh", "-n", file],
    ["shellcheck", "-s", "sh", file],
  ]) {
    const [program, ...words] = check;
    const result = await run(program, words);
    assert.equal(result.code, 0, result.stdout + result.stderr);
  }
  const stub = 'printf "%s\\n" "$@"';
  box.write("stubs/start-stop-daemon", `#!/bin/sh\n${stub}\n`, 0o755);
  const words =
    "ebegin() { :; }; eend() { :; }; RC_SVCNAME=zpm; . ./zpm-zuz-pm";
  const { stdout } = await run("sh", ["-c", `${words}; start; stop`], {
    cwd: box.project,
    env: { PATH: `${box.project}/stubs:${process.env.PATH}` },
  });
  const said = stdout.split("\n");
  assert.ok(said.includes(join(home, "bin", "zpm")), stdout);
  assert.ok(said.includes(`ZPM_HOME=${home}`), stdout);
  assert.ok(said.includes("TERM/90/KILL/5"), stdout);
});

test("what cannot be done here is said, and nothing is done", async (t) => {
  const box = commandLine(t);
  const wrong = await box.fails("startup", "launchd");
  assert.match(wrong, /--dry-run/);
  assert.match(await box.misused("startup", "upstart"), /no init system/);
  assert.match(
    await box.misused("startup", "systemd", "--user", "nobody-of-that-name"),
    /there is no user/,
  );
  const newline = await box.zpmWith(
    { env: { ZPM_HOME: `${box.home}/a\nb` } },
    "startup",
    "systemd",
    "--dry-run",
  );
  assert.equal(newline.code, 2);
  assert.match(newline.stderr, /newline/);
  assert.deepEqual(readdirSync(box.home), ["project"]);
});

/** Words before a script for root, in folders of its own: what systemd has left
 * in /run, an empty /etc/systemd. */
async function machine() {
  const prepare =
    "mount -t tmpfs none /run && mkdir -p /run/systemd/system && " +
    "mount -t tmpfs none /etc/systemd";
  for (const own of [[], ["--user", "--map-root-user"]]) {
    const words = [...own, "--mount", "sh", "-ec"];
    if ((await run("unshare", [...words, prepare])).code === 0)
      return (script) => ["unshare", [...words, `${prepare}\n${script}`]];
  }
  return assert.fail("neither root nor a user namespace");
}

test("startup writes, enables and can be repeated; unstartup undoes", async (t) => {
  const box = commandLine(t);
  const note = `#!/bin/sh\necho "\${0##*/} $*" >>"${box.home}/asked"\n`;
  for (const name of ["systemctl", "loginctl"])
    box.write(`stubs/${name}`, note, 0o755);
  const [program, words] = (await machine())(
    `umask 022
     "$ZPM" startup
     cat /etc/systemd/system/zpm-zuz-pm.service >unit
     stat -c %a /etc/systemd/system/zpm-zuz-pm.service >mode
     "$ZPM_HOME/bin/zpm" startup --now
     ls -A /etc/systemd/system >files
     "$ZPM" unstartup
     ls -A /etc/systemd/system >files-after
     "$ZPM" unstartup`,
  );
  const { code, stdout, stderr } = await run(program, words, {
    cwd: box.project,
    env: {
      ...process.env,
      PATH: `${box.project}/stubs:${process.env.PATH}`,
      ZPM: zpmPath,
      ZPM_HOME: box.home,
    },
  });
  const read = (name) => readFileSync(join(box.project, name), "utf8");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^zpm starts at boot, .*Nothing has changed/);
  assert.match(stdout, /is not started at boot any more/);
  assert.match(stdout, /there is no .*zpm is not started at boot/);
  assert.match(read("unit"), /^Type=notify$/m);
  assert.equal(read("mode"), "644\n");
  assert.equal(read("files"), "zpm-zuz-pm.service\n");
  assert.equal(read("files-after"), "");
  const bin = join(box.home, "bin");
  assert.deepEqual(readdirSync(bin).sort(), [
    "agent.cjs",
    "selftest.cjs",
    "zpm",
    "zpm-keeper",
  ]);
  for (const name of readdirSync(bin))
    assert.equal(statSync(join(bin, name)).mode & 0o777, 0o700);
  assert.deepEqual(
    readFileSync(join(box.home, "asked"), "utf8").trim().split("\n"),
    [
      "systemctl daemon-reload",
      "systemctl enable zpm-zuz-pm.service",
      "systemctl daemon-reload",
      "systemctl enable zpm-zuz-pm.service",
      "systemctl start zpm-zuz-pm.service",
      "systemctl disable zpm-zuz-pm.service",
      "systemctl daemon-reload",
    ],
  );
});

test("--now is refused while a daemon runs, which goes on", async (t) => {
  const box = commandLine(t);
  box.write("stubs/systemctl", "#!/bin/sh\n", 0o755);
  await box.done("start", "sleep", "--name", "app", "--", "1000");
  const { pid } = await box.app("app");
  const [program, words] = (await machine())('"$ZPM" startup --now');
  const { code, stderr } = await run(program, words, {
    cwd: box.project,
    env: {
      ...process.env,
      PATH: `${box.project}/stubs:${process.env.PATH}`,
      ZPM: zpmPath,
      ZPM_HOME: box.home,
    },
  });
  assert.equal(code, 1);
  assert.match(stderr, /a daemon runs.*zpm kill-daemon/);
  assert.equal((await box.app("app")).pid, pid);
});

test("root writes the copies for another user as that user", async (t) => {
  const box = commandLine(t);
  const other = { uid: 1, gid: 1 }; // "daemon" on every Debian
  if (process.getuid() !== 0) {
    // Who is not root is told how.
    const env = { ZPM_HOME: join(box.home, "other") };
    const words = ["startup", "systemd", "--user", "daemon"];
    const { code, stderr } = await box.zpmWith({ env }, ...words);
    assert.equal(code, 1);
    assert.match(stderr, /sudo|neither systemd/);
    return;
  }
  for (const name of ["systemctl"])
    box.write(`stubs/${name}`, "#!/bin/sh\n", 0o755);
  chmodSync(box.home, 0o711);
  const home = join(box.home, "other");
  mkdirSync(home, 0o700);
  await run("chown", [`${other.uid}:${other.gid}`, home]);
  const options = {
    cwd: box.project,
    env: {
      ...process.env,
      PATH: `${box.project}/stubs:${process.env.PATH}`,
      ZPM: zpmPath,
      ZPM_HOME: home,
    },
  };
  const prepare = await machine();
  const script = '"$ZPM" startup --user daemon';
  const done = await run(...prepare(script), options);
  assert.equal(done.code, 0, done.stderr);
  for (const name of ["", "zpm", "zpm-keeper"])
    assert.equal(statSync(join(home, "bin", name)).uid, other.uid);
  // A link that the user has put there leads root nowhere.
  const target = join(box.home, "of-root");
  mkdirSync(target, 0o700);
  await run("rm", ["-r", join(home, "bin")]);
  await run("ln", ["-s", target, join(home, "bin")]);
  const led = await run(...prepare(script), options);
  assert.equal(led.code, 1);
  assert.match(led.stderr, /cannot write/);
  assert.deepEqual(readdirSync(target), []);
});

// ---- the daemon as a service ----

/** A manager's socket: what it was told so far. */
async function manager(t, box) {
  const path = join(box.home, "notify");
  const script =
    "import socket, sys\n" +
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n" +
    "s.bind(sys.argv[1])\n" +
    "while True: print(s.recv(4096).decode(), flush=True)\n";
  const { ZPM_HOME: _, ...env } = process.env; // it is none of ours
  const child = spawn("python3", ["-c", script, path], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told = [];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    told.push(...text.split("\n").filter(Boolean));
  });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await waitFor("the socket", () => existsSync(path));
  return { path, told };
}

class Service {
  said = "";

  constructor(box, socket) {
    this.child = spawn(zpmPath, ["daemon", "--service"], {
      cwd: "/",
      env: { ...process.env, ZPM_HOME: box.home, NOTIFY_SOCKET: socket },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = once(this.child, "exit");
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (this.said += text));
  }

  async end() {
    const [code, signal] = await within("the end of the service", this.ended);
    assert.equal(signal, null);
    return code;
  }
}

test("a service is the keeper, and tells its manager", async (t) => {
  const box = commandLine(t);
  const { path, told } = await manager(t, box);
  const first = new Service(box, path);
  await waitFor("READY=1", () => told.includes("READY=1"));
  const { keeperPid } = (await box.wireAsk({ cmd: "hello", version: "0.1.0" }))
    .data;
  assert.equal(keeperPid, first.child.pid);
  const words = ["-c", "env; exec sleep 1000"];
  await box.done("start", "sh", "--name", "app", "--", ...words);
  const { pid } = await box.app("app");
  const env = await box.logHas("app", "PATH=");
  assert.doesNotMatch(env, /NOTIFY_SOCKET/);

  // A second one must not start a second copy of the app.
  const second = new Service(box, path);
  assert.equal(await second.end(), 3);
  assert.match(second.said, /runs already.*zpm kill-daemon/);
  assert.equal((await box.app("app")).pid, pid);

  // What the system does when it shuts down, and at the next boot.
  first.child.kill("SIGTERM");
  assert.equal(await first.end(), 0);
  await waitFor("STOPPING=1", () => told.includes("STOPPING=1"));
  assert.ok(!isAlive(pid));
  const next = new Service(box, path);
  await waitFor("the next READY=1", () => told.length === 3);
  await waitFor("the app", async () => (await box.app("app")).pid > 0);
  assert.deepEqual(told, ["READY=1", "STOPPING=1", "READY=1"]);
  await box.done("kill-daemon");
  assert.equal(await next.end(), 0);
});

test("a service hears of a daemon that a command has started", async (t) => {
  const box = commandLine(t);
  const { path, told } = await manager(t, box);
  const env = { NOTIFY_SOCKET: path };
  assert.equal((await box.zpmWith({ env }, "start-daemon")).code, 0);
  const service = new Service(box, path);
  assert.equal(await service.end(), 3);
  // It was not the command that is the service here.
  await box.done("kill-daemon");
  assert.deepEqual(told, []);
  // A manager that has gone hurts nobody.
  new Service(box, "/nothing/here");
  await waitFor("the daemon", async () => (await box.zpm("ping")).code === 0);
});

test("zpm run tells a manager, too", async (t) => {
  const box = commandLine(t);
  const { path, told } = await manager(t, box);
  const env = { NOTIFY_SOCKET: path };
  const words = ["-c", 'sleep 0.2; echo "[$NOTIFY_SOCKET]"'];
  const result = await box.zpmWith({ env }, "run", "sh", "--", ...words);
  assert.equal(result.stdout, "[]\n");
  await waitFor("READY=1", () => told.length > 0);
  assert.deepEqual(told, ["READY=1"]);
});

test("save and resurrect say what happens by itself", async (t) => {
  const box = commandLine(t);
  assert.match(await box.fails("save"), /no daemon runs/);
  assert.match(await box.done("resurrect"), /was started, and knows no apps/);
  await box.done("start", "sleep", "--name", "up", "--", "1000");
  await box.done("start", "sleep", "--name", "down", "--", "1000");
  await box.done("stop", "down");
  assert.equal(
    await box.done("save"),
    "2 apps saved, 1 of them wanted. zpm does this by itself, with every " +
      "change\n",
  );
  // On the disk: what power cuts leave.
  const old = readFileSync(join(box.home, "zuz-pm", "state.json.old"), "utf8");
  assert.equal(JSON.parse(old).apps.length, 2);
  assert.deepEqual(await box.json("save"), { apps: 2, wanted: 1 });
  await box.done("kill-daemon");
  assert.match(await box.done("resurrect"), /started: 1 of 2 apps wanted/);
  await waitFor("the app", async () => (await box.app("up")).pid > 0);
  assert.equal((await box.app("down")).status, "stopped");
  assert.match(await box.done("resurrect"), /runs already: 1 of 2 apps/);
});
