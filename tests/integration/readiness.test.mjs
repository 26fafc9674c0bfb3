// By what an app tells that it is ready, that it hangs, and that it has heard
// that it should leave; and what a proven build is worth.

import assert from "node:assert/strict";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { freePort, isAlive, waitFor } from "./helpers.mjs";

const GO = "go";

/** Waits for the file `go` beside it, then does what follows. */
const whenTold = (then) => `
  const { existsSync } = require("node:fs");
  console.log("up");
  const timer = setInterval(() => {
    if (!existsSync("${GO}")) return;
    clearInterval(timer);
    ${then}
  }, 20);
  setInterval(() => {}, 1000);`;

const READY_BY = {
  "process.send('ready')": {
    script: ["app.js", whenTold('process.send("ready");')],
  },
  "READY=1 on its NOTIFY_SOCKET": {
    script: [
      "app.py",
      `
import os, socket, time
print("up", flush=True)
while not os.path.exists("${GO}"):
    time.sleep(0.02)
name = os.environ["NOTIFY_SOCKET"]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.connect("\\0" + name[1:] if name[0] == "@" else name)
sock.send(b"STATUS=warm\\nREADY=1\\n")
time.sleep(1000)
`,
    ],
  },
  "the first listen on its port": {
    script: [
      "app.js",
      whenTold(
        'require("node:net").createServer().listen(process.env.PORT, "127.0.0.1");',
      ),
    ],
    port: true,
  },
};

for (const [signal, { script, port }] of Object.entries(READY_BY))
  test(`an app is starting until ${signal}`, async (t) => {
    const box = commandLine(t);
    const pm = box.client();
    const started = pm.start(
      {
        name: "app",
        scriptPath: box.write(...script),
        cwd: box.project,
        waitReady: true,
        readyTimeout: 60_000,
        ...(port && { port: await freePort() }),
      },
      { wait: true },
    );
    await box.logHas("app", "up");
    const [row] = await pm.stats("app");
    assert.equal(row.status, "starting");
    assert.match(row.pending, /ready/);
    box.write(GO, "");
    assert.match(await started, /^'app' is ready, pid \d+/);
    assert.equal((await pm.stats("app"))[0].status, "running");
  });

test("an event loop that hangs is found out, and the app restarted", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({
    name: "app",
    scriptPath: box.write("app.js", whenTold("for (;;);")),
    cwd: box.project,
    eventLoopTimeoutSeconds: 1,
    killTimeout: 200,
  });
  await box.logHas("app", "up");
  const [{ pid }] = await pm.stats("app");
  box.write(GO, "");
  await waitFor("its end", () => !isAlive(pid));
  rmSync(join(box.project, GO));
  const [exit] = await waitFor("its exit", async () => {
    const { exits } = await pm.describe("app");
    return exits.length > 0 && exits;
  });
  assert.equal(exit.cause, "unhealthy");
  assert.match(exit.reason, /event loop has not answered for 1 s/);
  await waitFor("the next one", async () => {
    const [row] = await pm.stats("app");
    return row.status === "running" && row.pid !== pid;
  });
});

test("shutdownMessage asks by IPC, and waits for the answer", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({
    name: "app",
    scriptPath: box.write(
      "app.js",
      `process.on("SIGTERM", () => console.log("signal"));
       process.on("message", (message) => {
         console.log("heard", message);
         setTimeout(() => process.exit(0), 50);
       });
       console.log("up");`,
    ),
    cwd: box.project,
    shutdownMessage: true,
  });
  await box.logHas("app", "up");
  await pm.stop("app");
  assert.equal(box.log("app"), "up\nheard shutdown\n");
  assert.equal((await pm.stats("app"))[0].lastExitCode, 0);
});

test("who does not heed the shutdown message is killed", async (t) => {
  const box = commandLine(t);
  const pm = box.client();
  await pm.start({
    name: "app",
    scriptPath: box.write(
      "app.js",
      'process.on("message", () => {}); console.log("up");',
    ),
    cwd: box.project,
    shutdownMessage: true,
    killTimeout: 100,
  });
  await box.logHas("app", "up");
  await pm.stop("app");
  assert.equal((await pm.stats("app"))[0].lastExitSignal, "SIGKILL");
});

test("a build that has run well gets its backoff, until it changes", async (t) => {
  const box = commandLine(t);
  const script = box.write(
    "app.sh",
    `test -f ${GO} && exit 1\nexec sleep 1000\n`,
  );
  await box.done("start", script, "--min-backoff", "10", "--max-backoff", "10");
  const row = () => box.app("app");
  await waitFor("a stable run", async () => (await row()).uptime > 5000);
  const { pid: daemon } = await box.json("ping");
  process.kill(daemon, "SIGKILL");
  await waitFor("its end", () => !isAlive(daemon));

  // Now it dies at once, for a reason that lies outside of it.
  writeFileSync(join(box.project, GO), "");
  process.kill((await row()).pid, "SIGKILL");
  await waitFor("tries", async () => (await row()).totalRestarts > 3);
  assert.notEqual((await row()).status, "errored");

  appendFileSync(script, "# another build\n");
  await waitFor("the end of tries", async () => {
    return (await row()).status === "errored";
  });
  assert.match((await row()).lastError, /looks like a build error/);
});
