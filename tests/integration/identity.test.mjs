// Who an app runs as, and within which limits.

import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";

const isRoot = process.geteuid() === 0;

const sleeper = "#!/bin/sh\necho up\nexec sleep 1000\n";

/** What the kernel says of a process: status, one line each. */
function statusOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Object.fromEntries(
    text.split("\n").map((line) => {
      const [key, ...rest] = line.split(":");
      return [key, rest.join(":").trim().replaceAll("\t", " ")];
    }),
  );
}

/** [soft, hard] of one limit, by its name in /proc/PID/limits. */
function limitOf(pid, name) {
  const line = readFileSync(`/proc/${pid}/limits`, "utf8")
    .split("\n")
    .find((found) => found.startsWith(name));
  return line.slice(name.length).trim().split(/\s+/).slice(0, 2);
}

function niceOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
}

test("umask, nice and rlimits are those that were asked for", async (t) => {
  const box = commandLine(t);
  const scriptPath = box.write("app", sleeper, 0o755);
  const file = box.write(
    "apps.json",
    JSON.stringify([
      {
        name: "app",
        scriptPath,
        umask: "027",
        nice: 7,
        rlimits: { nofile: [100, 200], core: 0 },
      },
    ]),
  );
  await box.done("start", file);
  const { pid } = await box.app("app");
  assert.equal(statusOf(pid).Umask, "0027");
  assert.equal(niceOf(pid), 7);
  assert.deepEqual(limitOf(pid, "Max open files"), ["100", "200"]);
  assert.deepEqual(limitOf(pid, "Max core file size"), ["0", "0"]);
});

test("a user that nobody knows is refused", async (t) => {
  const box = commandLine(t);
  const script = box.write("app", sleeper, 0o755);
  assert.match(
    await box.fails("start", script, "--user", "no-such-user"),
    /there is no user 'no-such-user' on this machine/,
  );
});

if (isRoot) {
  test("an app runs as its user, for good", async (t) => {
    const box = commandLine(t);
    const script = box.write(
      "app",
      '#!/bin/sh\necho "is $USER $LOGNAME [$HOME]"\n' +
        "echo again > /dev/stderr\nexec sleep 1000\n",
      0o755,
    );
    chmodSync(box.home, 0o755);
    await box.done("start", script, "--user", "nobody");
    const { pid } = await box.app("app");
    const status = statusOf(pid);
    assert.equal(status.Uid, "65534 65534 65534 65534");
    assert.match(status.Gid, /^(\d+)( \1){3}$/);
    assert.doesNotMatch(` ${status.Groups} `, / 0 /);
    assert.match(status.CapEff, /^0+$/);
    assert.match(
      await box.logHas("app", "is "),
      /is nobody nobody \[(?!\/root)/,
    );
    // Its own pipe, opened anew.
    await box.logHas("app", "again\n", "err");
  });

  test("what its user may not is told with its name", async (t) => {
    const box = commandLine(t);
    const script = box.write("app.sh", sleeper, 0o600);
    assert.match(
      await box.fails("start", script, "--user", "nobody"),
      /the user 'nobody' cannot enter .*project: permission denied/,
    );
    chmodSync(box.home, 0o755);
    assert.match(
      await box.fails("start", script, "--user", "nobody"),
      /the user 'nobody' cannot read .*app\.sh: permission denied/,
    );
    chmodSync(script, 0o644);
    await box.done("start", script, "--user", "nobody");
  });

  test("a group alone does not make root somebody else", async (t) => {
    const box = commandLine(t);
    const scriptPath = box.write("app", sleeper, 0o755);
    const file = box.write(
      "apps.json",
      JSON.stringify([{ name: "app", scriptPath, gid: 65534 }]),
    );
    assert.match(
      await box.fails("start", file),
      /gid 65534 alone would leave the app root/,
    );
  });
} else {
  test("nobody but root can be somebody else", async (t) => {
    const box = commandLine(t);
    const script = box.write("app", sleeper, 0o755);
    assert.match(
      await box.fails("start", script, "--user", "root"),
      /only root can run an app as 'root'/,
    );
  });
}
