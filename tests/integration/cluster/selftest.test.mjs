// The test of a Node before its first worker, and what becomes of one that
// fails.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { commandLine } from "../cli.mjs";
import { fixture, freePort, isAlive, waitFor } from "../helpers.mjs";
import { Load, nodeOf } from "./means.mjs";

const versions = (process.env.ZPM_NODES ?? "").split(",").filter(Boolean);

/** A box with programs called `node` that do not all do what Node does. */
function selftestBox(t) {
  const box = commandLine(t);
  const folder = join(box.home, "zuz-pm");
  const read = (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return "";
    }
  };
  const trace = join(box.home, "trace");

  return {
    ...box,
    verdictFile: join(folder, "selftests"),
    /** By the path of the binary. */
    verdicts: () =>
      Object.fromEntries(
        read(join(folder, "selftests"))
          .split("\n")
          .slice(1, -1)
          .map((line) => line.match(/^(\w+) \d+ \d+ \d+ (.*)$/))
          .map(([, word, path]) => [path, word]),
      ),
    journal: () => read(join(folder, "daemon.log")),
    /** Process ids of the tests so far, as the binaries have noted them. */
    tests: () => read(trace).split("\n").filter(Boolean).map(Number),
    /** A binary that notes each test, and goes on with `commands`. */
    binary: (commands, name = "node") =>
      box.write(
        `${name}/node`,
        `#!/bin/sh
case "$*" in *selftest.cjs*) echo $$ >> ${trace} ;; esac
${commands}
`,
        0o755,
      ),
    /** The words to start a script as `web`. */
    words: (script, node, ...flags) => [
      ...["start", fixture(`cluster/${script}`), "--name", "web"],
      ...["--cluster", "--instances", "2", "--with", node, ...flags],
    ],
  };
}

const REAL = `exec ${process.execPath} "$@"`;
const NO_WORKER = `unset NODE_UNIQUE_ID\n${REAL}`;
const HANGS = "sleep 1000 & wait";

/** A binary whose Node is changed by a script that is loaded first. */
function changed(box, script) {
  const path = box.write("changes.js", script);
  return box.binary(`exec ${process.execPath} --require ${path} "$@"`);
}

const gone = (box) =>
  waitFor("the end of what was tested", () => !box.tests().some(isAlive));

test("a Node that passes is tested once, by all daemons", async (t) => {
  const box = selftestBox(t);
  const node = box.binary(REAL);
  const port = await freePort();
  const words = [...box.words("web.js", node), "--", `${port}`];
  await box.done(...words);
  assert.equal(box.verdicts()[node], "passed");
  assert.equal(statSync(box.verdictFile).mode & 0o777, 0o600);
  await box.done("restart", "web");
  await box.done("start", ...words.slice(1), "--name", "other");
  assert.equal(box.tests().length, 1);
  await box.done("restart-daemon");
  await box.done("restart", "web");
  assert.equal(box.tests().length, 1);
  await gone(box);
  assert.doesNotMatch(box.journal(), /cluster protocol/);
});

test("a Node that has changed is tested again", async (t) => {
  const box = selftestBox(t);
  const node = box.binary(REAL);
  const port = await freePort();
  await box.done(...box.words("web.js", node), "--", `${port}`);
  utimesSync(node, 1, 1);
  await box.done("restart", "web");
  assert.equal(box.tests().length, 2);
});

test("a file of verdicts that is broken is written anew", async (t) => {
  const box = selftestBox(t);
  const node = box.binary(REAL);
  const words = [...box.words("web.js", node), "--", `${await freePort()}`];
  await box.done(...words);
  await box.done("kill-daemon");
  appendFileSync(box.verdictFile, "\0 no verdict\n");
  await box.done(...words);
  assert.equal(box.tests().length, 1);
  await box.done("kill-daemon");
  box.write("../zuz-pm/selftests", "passed by another");
  await box.done(...words);
  assert.equal(box.tests().length, 2);
  assert.equal(box.verdicts()[node], "passed");
});

for (const version of versions)
  test(`Node ${version} passes`, async (t) => {
    const box = selftestBox(t);
    const node = await nodeOf(version);
    const port = await freePort();
    await box.done(...box.words("web.js", node), "--", `${port}`);
    assert.equal(box.verdicts()[node], "passed");
  });

test("one that is no worker gets the socket of its port", async (t) => {
  const box = selftestBox(t);
  const node = box.binary(NO_WORKER);
  const advice = await box.done(...box.words("activated.js", node));
  assert.match(advice, /did not say that it is online/);
  assert.match(advice, /--port/);
  assert.equal(box.verdicts()[node], "online");
  const port = await freePort();
  const said = await box.done("restart", "web", "--port", `${port}`);
  assert.match(said, /did not say that it is online/);
  assert.match(said, new RegExp(`listens at port ${port} instead`));
  const load = new Load({ port, clients: 4 }).start();
  await load.more(20);
  await box.done("reload", "web");
  await load.more(20);
  await load.stop();
  load.assertFlawless();
  assert.equal(box.tests().length, 1);
  await gone(box);
  const told = `listens at port ${port} instead`;
  // Once for the start, and once for the reload.
  assert.equal(box.journal().split(told).length - 1, 2, box.journal());
});

/** Whether its net.Server knows reusePort. */
const canShare = (version) => Number(version) >= 22;

for (const version of [undefined, ...versions])
  test(`without a port each listens for itself (${version ?? "node"})`, async (t) => {
    const box = selftestBox(t);
    const path = (await nodeOf(version)) ?? process.execPath;
    const node = box.binary(`unset NODE_UNIQUE_ID\nexec ${path} "$@"`);
    const port = await freePort();
    const words = [...box.words("web.js", node), "--", `${port}`];
    assert.match(await box.done(...words), /each of its processes listens/);
    if (!canShare(version ?? process.versions.node.split(".")[0])) {
      await box.logHas("web", "cannot share a port by itself", "err");
      return;
    }
    const load = new Load({ port, clients: 4 }).start();
    await waitFor("an answer of each", () => load.by.size === 2);
    await load.stop();
  });

test("what listens at that port listens at that socket", async (t) => {
  const box = selftestBox(t);
  const node = box.binary(NO_WORKER);
  const port = await freePort();
  const words = box.words("web.js", node, "--port", `${port}`);
  await box.done(...words, "--", `${port}`);
  const pids = async () =>
    (await box.app("web")).workers.map(({ pid }) => pid).sort();
  const seen = new Set();
  const load = new Load({ port, clients: 4 }).start();
  await waitFor("an answer of each", async () => {
    for (const pid of load.by.keys()) seen.add(pid);
    return seen.size === 2;
  });
  await load.stop();
  load.assertFlawless();
  assert.deepEqual([...seen].sort(), await pids());
});

test("one that ends without a word fails at once", async (t) => {
  const box = selftestBox(t);
  const node = box.binary("exit 0");
  await box.fails(...box.words("web.js", node));
  assert.match(box.journal(), /did not say that it is online/);
  assert.equal(box.verdicts()[node], "online");
});

test("one that does not leave well fails, too", async (t) => {
  const box = selftestBox(t);
  const node = changed(box, `process.on("exit", () => process.exit(7));`);
  const said = await box.done(...box.words("web.js", node));
  assert.match(said, /did not end well/);
  assert.equal(box.verdicts()[node], "leave");
});

for (const [how, words] of [
  ["stopped", ["stop", "web"]],
  ["deleted", ["delete", "web"]],
  ["ended with its daemon", ["kill-daemon"]],
])
  test(`an app is ${how} while its Node is tested`, async (t) => {
    const box = selftestBox(t);
    const starting = box.zpm(...box.words("web.js", box.binary(HANGS)));
    const [pid] = await waitFor("the test", () => {
      const pids = box.tests();
      return pids.length > 0 && pids;
    });
    assert.equal((await box.app("web")).status, "starting");
    await box.done(...words);
    const { code, stderr } = await starting;
    assert.notEqual(code, 0, stderr);
    await waitFor("the end of the test", () => !isAlive(pid));
    assert.deepEqual(box.verdicts(), {});
  });

test("the next daemon tests again when one dies in a test", async (t) => {
  const box = selftestBox(t);
  const hangs = `[ -e ${box.home}/go ] || { ${HANGS}; }`;
  const node = box.binary(`${hangs}\n${REAL}`);
  const port = await freePort();
  const starting = box.zpm(...box.words("web.js", node), "--", `${port}`);
  const [pid] = await waitFor("the test", () => {
    const pids = box.tests();
    return pids.length > 0 && pids;
  });
  box.write("../go", "");
  process.kill((await box.json("ping")).pid, "SIGKILL");
  await waitFor("another test that passes", async () => {
    const { code, stdout } = await box.zpm("stats", "web", "--json");
    return code === 0 && JSON.parse(stdout)[0].status === "running";
  });
  await starting;
  assert.ok(!isAlive(pid));
  assert.equal(box.verdicts()[node], "passed");
});

// Each of these waits until the time of a test is over.
describe("silence", { concurrency: true }, () => {
  test("one that takes no connection fails at that step", async (t) => {
    const box = selftestBox(t);
    const node = changed(
      box,
      `const { emit } = process;
       process.emit = function (event, message, ...rest) {
         if (event === "internalMessage" && message.act === "newconn") return true;
         return emit.call(this, event, message, ...rest);
       };`,
    );
    const said = await box.done(...box.words("web.js", node));
    assert.match(said, /did not take a connection that it was handed/);
    // A slow machine would look the same.
    assert.deepEqual(box.verdicts(), {});
    await gone(box);
  });

  test("one that hangs is ended with its children", async (t) => {
    const box = selftestBox(t);
    const node = box.binary(HANGS);
    const said = await box.done(...box.words("web.js", node));
    assert.match(said, /did not say that it is online/);
    await gone(box);
  });

  test("one whose workers are silent after its test is doubted", async (t) => {
    const box = selftestBox(t);
    const node = box.binary(
      `case "$*" in *selftest.cjs*) ;; *) unset NODE_UNIQUE_ID ;; esac\n${REAL}`,
    );
    const script = box.write(
      "app.js",
      `if (process.env.LISTEN_FDS) require(${JSON.stringify(fixture("cluster/activated.js"))});
       else setInterval(() => {}, 1 << 30);`,
    );
    const port = await freePort();
    const flags = ["--cluster", "--instances", "2", "--port", `${port}`];
    await box.done("start", script, "--name", "web", "--with", node, ...flags);
    assert.equal(box.verdicts()[node], "passed");
    await waitFor("a word about it", () =>
      /has not said within 10 s that it is online/.test(box.journal()),
    );
    await waitFor("nothing that is kept of it", () => !box.verdicts()[node]);
    const said = await box.done("restart", "web");
    assert.match(said, /did not say in time that it is online/);
    const load = new Load({ port, clients: 4 }).start();
    await load.more(20);
    await load.stop();
    load.assertFlawless();
    assert.equal(box.tests().length, 1);
  });
});
