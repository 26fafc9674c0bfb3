// Disks that are full, and files that were cut short.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { isAlive, waitFor } from "../helpers.mjs";
import { fault } from "./box.mjs";
import { ballast, limit, smallDisk } from "./means.mjs";

const NO_ROOM = /no space left|file too large|EFBIG|ENOSPC/i;

/** No room in that folder from now on; what makes room again. */
async function fill(box, folder, disk) {
  if (disk !== null) {
    const path = ballast(folder);
    return () => rmSync(path);
  }
  const { pid } = await box.hello();
  return limit(pid, "fsize", 0);
}

// Says how far it is where no disk is needed.
const COUNTS = `
const { writeFileSync, renameSync } = require("node:fs");
let count = 0;
setInterval(() => {
  console.log("line " + ++count);
  writeFileSync("count.new", String(count));
  renameSync("count.new", "count");
}, 5);
`;

test(
  "4: no room for logs: the loss is counted and told, and logging goes on when there is",
  fault(async (box) => {
    const folder = join(box.folder, "logs", "app");
    mkdirSync(folder, { mode: 0o700 });
    const disk = await smallDisk(folder, "128k");
    try {
      const scriptPath = box.program("counts.js", COUNTS);
      await box.start({ name: "app", scriptPath });
      const count = () => Number(readFileSync(join(box.project, "count")));
      await box.logHas("app", "line 3\n");

      const makeRoom = await fill(box, folder, disk);
      const dropped = async () =>
        (await box.client.describe("app")).droppedLogBytes;
      await waitFor("a loss", async () => (await dropped()) > 0);
      const lost = await dropped();
      const then = count();
      await waitFor("the app to go on", () => count() > then + 20);
      await waitFor("more loss", async () => (await dropped()) > lost);
      const { status, totalRestarts } = await box.row("app");
      assert.deepEqual([status, totalRestarts], ["running", 0]);

      await makeRoom();
      const notice = /\[zpm\] (\d+) bytes of output were lost: (.*)\n/;
      const text = await waitFor("the notice, and what follows", () => {
        const found = box.log("app");
        return /lost: .*\nline \d+\nline \d+\n/.test(found) && found;
      });
      const [, bytes, cause] = text.match(notice);
      assert.match(cause, NO_ROOM);
      assert.equal(Number(bytes), await dropped());
      await box.client.stop("app");
      // What is there is whole, and in order: nothing is half written.
      const numbers = box
        .log("app")
        .replace(notice, "")
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.match(/^line (\d+)$/)[1]));
      const gaps = numbers.filter((n, i) => i > 0 && n !== numbers[i - 1] + 1);
      assert.ok(gaps.length <= 1, `${gaps.length} gaps`);
      await box.client.delete("app");
    } finally {
      await disk?.();
    }
  }),
);

/** The state file, which must be whole. */
function savedState(box) {
  const text = readFileSync(join(box.folder, "state.json"), "utf8");
  JSON.parse(text);
  return text;
}

test("5: no room for the state: the old one stays, and it is saved later", async (t) => {
  let disk = null;
  let box;
  const prepare = async (prepared) => {
    box = prepared;
    mkdirSync(box.folder, { mode: 0o700 });
    disk = await smallDisk(box.folder, "512k");
  };
  const run = fault(async (full) => {
    await full.start({ name: "first", scriptPath: "sleep", args: ["99"] });
    assert.match(savedState(box), /"first"/);
    const makeRoom = await fill(full, box.folder, disk);
    const second = { name: "second", scriptPath: "sleep", args: ["99"] };
    // A limit of the daemon is one for files in memory, too: it starts nothing.
    if (disk === null) await full.client.addWorker({ ...second, cwd: "/" });
    else await full.start(second);
    assert.match(savedState(box), /"first"/, "it can still be read");
    assert.doesNotMatch(savedState(box), /"second"/);
    await makeRoom();
    await waitFor("the state", () => /"second"/.test(savedState(box)));
    const journal = readFileSync(join(box.folder, "daemon.log"), "utf8");
    assert.match(journal, /the state is saved again/);
  }, prepare);
  try {
    await run(t);
  } finally {
    await box?.zpm("kill-daemon");
    await disk?.();
  }
});

test(
  "5: a state that cannot be saved is told once, and once when it can again",
  fault(async (box) => {
    const blocked = join(box.folder, "state.json.new");
    mkdirSync(join(blocked, "inside"), { recursive: true });
    for (const name of ["a", "b"])
      await box.start({ name, scriptPath: "sleep", args: ["99"] });
    const journal = () => readFileSync(join(box.folder, "daemon.log"), "utf8");
    const told = () => journal().match(/cannot .*state\.json.*\n/g) ?? [];
    assert.equal(told().length, 1, journal());
    rmSync(blocked, { recursive: true });
    await waitFor("the state", () => /is saved again/.test(journal()));
    assert.match(savedState(box), /"b"/);
    assert.equal(told().length, 1, journal());
  }),
);

test(
  "6: the power was cut while the state was saved: the one before is used",
  fault(async (box) => {
    await box.start({ name: "app", scriptPath: "sleep", args: ["99"] });
    const { pid: daemon, keeperPid } = await box.hello();
    const old = join(box.folder, "state.json.old");
    await waitFor("a generation to fall back to", () => {
      try {
        return readFileSync(old, "utf8").includes('"app"');
      } catch {
        return false;
      }
    });
    const { pid } = await box.row("app");
    // Stopped first, so that the daemon does not start another keeper.
    process.kill(daemon, "SIGSTOP");
    for (const one of [keeperPid, daemon, pid]) {
      try {
        process.kill(one, "SIGKILL");
      } catch {
        // The keeper has taken it along.
      }
    }
    await waitFor("their end", () => ![daemon, pid].some(isAlive));
    const state = join(box.folder, "state.json");
    const text = readFileSync(state, "utf8");
    rmSync(state); // its other name is that of the generation before
    writeFileSync(state, text.slice(0, text.length / 2));
    await box.client.close();
    const row = await box.until("app", "running");
    assert.notEqual(row.pid, pid);
    const journal = readFileSync(join(box.folder, "daemon.log"), "utf8");
    assert.match(journal, /cut short\. It was put aside as \.damaged/);
    assert.doesNotMatch(journal, /environments/, "and shown to nobody");
    rmSync(`${state}.damaged`);
  }),
);
