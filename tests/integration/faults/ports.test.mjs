// A port that somebody else has: who it is is said, and they are ended only
// where that can hurt nobody.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { fixture, freePort, isAlive, waitFor, within } from "../helpers.mjs";
import { fault } from "./box.mjs";

const LISTEN = `
  if (process.argv[2] === "stubborn") process.on("SIGTERM", () => {});
  if (process.argv[3]) process.setuid(Number(process.argv[3]));
  require("node:net").createServer()
    .listen(Number(process.argv[1]), "127.0.0.1", () => console.log("up"));`;

/** A stranger's server; its end is waited for with `ended`. */
async function stranger(t, port, ...words) {
  const child = spawn(process.execPath, ["-e", LISTEN, port, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH },
    cwd: "/",
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  await within("the stranger", once(child.stdout, "data"));
  return { pid: child.pid, ended };
}

const journal = (box) => readFileSync(join(box.folder, "daemon.log"), "utf8");

const server = (box, port, more) => ({
  name: "web",
  scriptPath: fixture("port.js"),
  cwd: box.project,
  port,
  waitReady: true,
  ...more,
});

for (const [how, signal] of [
  ["plain", "SIGTERM"],
  ["stubborn", "SIGKILL"],
])
  test(
    `47: a ${how} stranger on the port is named and ended by ${signal}`,
    fault(async (box, t) => {
      const port = await freePort();
      const { pid, ended } = await stranger(t, port, how);
      const said = await box.client.start(server(box, port), { wait: true });
      assert.match(
        said,
        new RegExp(
          `^'web' is ready, pid \\d+\\. port ${port} was held by node .*pid ${pid}, .*ended by ${signal}$`,
        ),
      );
      assert.equal((await within("its end", ended))[1], signal);
      const line = journal(box)
        .split("\n")
        .find((found) => found.includes(`port ${port}`));
      assert.match(line, new RegExp(`node \\(pid ${pid}, user .*${signal}`));
    }),
  );

test(
  "47: with clearPort off the owner is named, and lives",
  fault(async (box, t) => {
    const port = await freePort();
    const { pid } = await stranger(t, port);
    await assert.rejects(
      box.client.start(server(box, port, { clearPort: false })),
      new RegExp(`port ${port} .*node \\(pid ${pid}, .*clearPort`),
    );
    assert.ok(isAlive(pid));
    assert.equal((await box.row("web")).status, "errored");
  }),
);

test(
  "47: an app of ours keeps its port, and is named",
  fault(async (box) => {
    const port = await freePort();
    const first = { ...server(box, port), name: "first" };
    await box.client.start(first, { wait: true });
    const { pid } = await box.row("first");
    await assert.rejects(
      box.client.start(server(box, port)),
      new RegExp(`port ${port} .*'first' .*pid ${pid}`),
    );
    assert.equal((await box.row("first")).pid, pid);
    // An app does not stand in its own way.
    await box.client.restart("first", undefined, { wait: true });
  }),
);

// An orphan in a session of its own, with nothing in its environment.
const HIDDEN = (port) => `
env -i ${process.execPath} -e 'require("node:child_process").spawn(
  process.execPath, ["-e", \`require("node:net").createServer()
    .listen(${port}, "127.0.0.1")\`],
  { detached: true, stdio: "ignore", env: {} }).unref()'
exec sleep 1000
`;

const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

test(
  "47: what an app of ours hides keeps its port where there are control groups",
  fault(async (box) => {
    const port = await freePort();
    const script = box.program("hides.sh", HIDDEN(port));
    await box.client.start({
      name: "hides",
      scriptPath: script,
      cwd: box.project,
    });
    await waitFor("the listener", () => listens(port));
    const { stdout } = await box.zpm("doctor");
    const started = box.client.start(server(box, port), { wait: true });
    if (stdout.includes("a stop reaches every process"))
      await assert.rejects(started, new RegExp(`port ${port} .*'hides'`));
    else assert.match(await started, /ended by SIGTERM/);
  }),
);

test(
  "47: our own host keeps its port",
  fault(async (box, t) => {
    const own = createServer().listen(0, "127.0.0.1");
    await once(own, "listening");
    t.after(() => own.close());
    const { port } = own.address();
    const pm = box.manager({ namespace: "inside" });
    await assert.rejects(
      pm.start(server(box, port)),
      new RegExp(`port ${port} .*pid ${process.pid}`),
    );
    await pm.delete("web");
    await pm.close();
  }),
);

test(
  "47: another user's process keeps its port",
  fault(async (box, t) => {
    if (process.getuid() !== 0) {
      t.diagnostic("only root can become another user, or end what is theirs");
      return;
    }
    const port = await freePort();
    const { pid } = await stranger(t, port, "plain", "65534");
    await assert.rejects(
      box.client.start(server(box, port)),
      new RegExp(`port ${port} .*pid ${pid}.*another user's`),
    );
    assert.ok(isAlive(pid));
  }),
);

test(
  "47: who asks zpm for things keeps its port",
  fault(async (box, t) => {
    const ours = createServer().listen(0, "127.0.0.1");
    t.after(() => ours.close());
    await once(ours, "listening");
    const { port } = ours.address();
    await assert.rejects(
      box.client.start(server(box, port)),
      new RegExp(
        `port ${port} is held by .*pid ${process.pid}, .* talking to zpm`,
      ),
    );
    ours.close();
  }),
);
