// Files that change in bursts, by renaming, by a build; and a system that has
// no more watches to give.

import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { zpmPath } from "../cli.mjs";
import { run, waitFor } from "../helpers.mjs";
import { fault } from "./box.mjs";

const journal = (box) => readFileSync(join(box.folder, "daemon.log"), "utf8");

/** An app in dev mode, in a folder of its own: {path, restarts}. */
async function watched(box, more) {
  const folder = join(box.project, "src");
  const path = (name) => join(folder, name);
  const text = "#!/bin/sh\nexec sleep 1000\n";
  const scriptPath = box.program("src/app.sh", text);
  await box.client.start({
    name: "a",
    scriptPath,
    cwd: box.project,
    devMode: true,
    ...more,
  });
  const restarts = async () => (await box.row("a")).totalRestarts;
  /** Restarts because of what `change` does; it is done until it is seen. */
  const leadsOn = async (what, change) => {
    const before = await restarts();
    await change();
    await waitFor(what, async () => {
      const row = await box.row("a");
      return row.totalRestarts > before && row.status === "running";
    });
  };
  return { path, restarts, leadsOn };
}

test(
  "46: a storm of saves, swapped files and new folders: none is missed",
  fault(async (box) => {
    const app = await watched(box);
    await app.leadsOn("46: a storm of saves", () => {
      for (let i = 0; i < 1000; i++)
        writeFileSync(app.path(`f${i % 100}.js`), `${i}`);
    });
    await app.leadsOn("a file that is swapped in", () => {
      writeFileSync(app.path("app.sh~"), "#!/bin/sh\nexec sleep 2000\n", {
        mode: 0o755,
      });
      renameSync(app.path("app.sh~"), app.path("app.sh"));
    });
    await app.leadsOn("a file in a new folder", () => {
      mkdirSync(app.path("deep/er"), { recursive: true });
      writeFileSync(app.path("deep/er/x.js"), "1");
    });
    await app.leadsOn("a folder made anew", () => {
      rmSync(app.path("deep"), { recursive: true });
      mkdirSync(app.path("deep/er"), { recursive: true });
      writeFileSync(app.path("deep/er/x.js"), "22");
    });
    // A burst may be told in two parts when the machine is slow, not in ten.
    const count = await app.restarts();
    assert.ok(count >= 4 && count <= 12, `${count} restarts for 4 changes`);
  }),
);

test(
  "46: a build that writes where it is watched neither loops nor hides an edit",
  fault(async (box) => {
    const builds = join(box.home, "builds");
    const built = () => readFileSync(builds, "utf8").trim().split("\n").length;
    const edits = 4;
    for (let i = 0; i <= edits; i++) box.program(`src/source${i}.js`, "");
    const app = await watched(box, {
      reloadCommand: `echo b >> ${builds}; date +%N > src/out.js; mkdir -p src/gen; date +%N > src/gen/x.js`,
    });
    for (let i = 0; i < edits; i++)
      await app.leadsOn("an edit", () =>
        appendFileSync(app.path(`source${i}.js`), "edited\n"),
      );
    assert.ok(
      built() <= edits + 2,
      `${built()} builds for ${edits} edits: what it writes starts it`,
    );

    // A build that fails leaves the app as it is.
    const { pid } = await box.row("a");
    await box.client.restart("a", {
      reloadCommand: `echo b >> ${builds}; echo 'no such thing' >&2; exit 3`,
    });
    const fresh = (await box.row("a")).pid;
    assert.notEqual(fresh, pid);
    await waitFor("a word of the build that fails", () => {
      // Until it is seen: the watch has only just begun anew.
      appendFileSync(app.path(`source${edits}.js`), "wrong\n");
      return /reloadCommand failed \(exit code 3/.test(journal(box));
    });
    assert.equal((await box.row("a")).pid, fresh);
    assert.match(box.log("a", "err"), /no such thing/);
  }),
);

/** The same daemon in a user namespace where `key` of inotify is `value`;
 * false: this machine does not permit that. */
async function scarce(box, key, value) {
  const words = ["--user", "--map-root-user", "sh", "-c"];
  const limit = `echo ${value} > /proc/sys/user/max_inotify_${key}`;
  if ((await run("unshare", [...words, limit])).code !== 0) return false;
  await box.client.killDaemon();
  const { code, stderr } = await run(
    "unshare",
    [...words, `${limit} && exec "${zpmPath}" start-daemon`],
    { env: { ...process.env, ZPM_HOME: box.home } },
  );
  assert.equal(code, 0, stderr);
  return true;
}

for (const [key, value, told] of [
  ["instances", 0, /has no inotify instances left/],
  ["watches", 3, /has no inotify watches left/],
])
  test(
    `45: without inotify ${key} files are looked at instead, which is said once`,
    fault(async (box, t) => {
      const isScarce = await scarce(box, key, value);
      if (!isScarce) t.diagnostic("no user namespaces: inotify stays as it is");
      for (const name of ["b", "c", "d", "e"])
        box.program(`src/${name}/${name}.js`, "");
      const app = await watched(box);
      for (const name of ["b", "c", "new"])
        await app.leadsOn(`a change of ${name}`, () =>
          box.program(`src/${name}/${name}.js`, `${performance.now()}`),
        );
      const lines = journal(box).split("\n");
      const said = lines.filter((line) => told.test(line));
      assert.equal(said.length, isScarce ? 1 : 0, lines.join("\n"));
      if (isScarce) assert.match(said[0], /src: .* 2 s instead.*sysctl/);
      const count = await app.restarts();
      assert.ok(count <= 6, `${count} restarts for 3 changes`);
    }),
  );
