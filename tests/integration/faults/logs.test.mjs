// Output that is too long, too much, or not meant for people; and log files
// that others lay hands on.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { waitFor } from "../helpers.mjs";
import { assertGrowth, fault, rssOf } from "./box.mjs";

const LONG = 64 << 20;

test(
  "17: a line of 64 MB without an end costs disk, not memory",
  fault(async (box) => {
    const scriptPath = box.program(
      "long.sh",
      `#!/bin/sh\nhead -c ${LONG} /dev/zero | tr '\\0' x\nexec sleep 99\n`,
    );
    const { pid } = await box.hello();
    const before = rssOf(pid);
    await box.start({ name: "long", scriptPath, logs: { maxSizeBytes: 0 } });
    let most = before;
    await waitFor("all of it", () => {
      most = Math.max(most, rssOf(pid));
      return (
        statSync(box.logFile("long"), { throwIfNoEntry: false })?.size === LONG
      );
    });
    assertGrowth(pid, { before, now: most, most: 4 << 20 });
    const { lastLog } = await box.row("long");
    assert.ok(lastLog.length <= 160, `${lastLog.length}`);
    const shown = await box.done("logs", "long", "--lines", "1");
    assert.ok(shown.length <= (1 << 20) + 1, `${shown.length}`);
    await box.client.stop("long");
  }),
);

test(
  "17: in JSON a line without an end is written in parts that say so",
  fault(async (box) => {
    const scriptPath = box.program(
      "long.sh",
      "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\necho; exec sleep 99\n",
    );
    await box.start({ name: "long", scriptPath, logs: { format: "json" } });
    const parts = await waitFor("its last part", () => {
      const lines = box.log("long").split("\n").slice(0, -1);
      const found = lines.map((line) => JSON.parse(line));
      return found.length > 1 && !found.at(-1).partial && found;
    });
    assert.ok(parts.slice(0, -1).every(({ partial }) => partial === true));
    assert.equal(parts.map(({ line }) => line).join("").length, 1_000_000);
  }),
);

test(
  "18: bytes that are no text stand in the log as they are, and cannot paint a table",
  fault(async (box) => {
    const bomb = Buffer.concat([
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      Buffer.from("\x1b[2J\x1b]0;owned\x07\x1b]52;c;AAAA\x07\x9b31m\u202e"),
      Buffer.from([0, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from("\n"),
    ]);
    writeFileSync(join(box.project, "bomb"), bomb);
    const scriptPath = box.program(
      "bomb.sh",
      "#!/bin/sh\ncat bomb; cat bomb >&2; exit 1\n",
    );
    await box.start({ name: "bomb", scriptPath }).catch(() => {});
    await box.until("bomb", "errored");
    for (const stream of ["out", "err"])
      assert.deepEqual(readFileSync(box.logFile("bomb", stream)), bomb);
    for (const words of [
      ["list", "--wide"],
      ["describe", "bomb"],
      ["start", "bomb"],
      ["stats", "bomb"],
    ]) {
      const { stdout, stderr } = await box.zpm(...words);
      const shown = stdout + stderr;
      assert.doesNotMatch(shown, /[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f]/);
    }
    const row = await box.app("bomb"); // JSON that can be parsed
    assert.equal(row.status, "errored");
    assert.equal((await box.zpm("logs", "bomb")).code, 0);
  }),
);

test(
  "19: a flood does not keep others from being heard, and does not fill the memory",
  fault(async (box) => {
    const { pid } = await box.hello();
    const before = rssOf(pid);
    const logs = { maxSizeBytes: 1 << 20, maxFiles: 1 };
    const flood = box.program("flood.sh", "#!/bin/sh\nexec yes output\n");
    for (const name of ["flood-a", "flood-b"])
      await box.start({ name, scriptPath: flood, logs });
    await waitFor("the flood", () => existsSync(`${box.logFile("flood-a")}.1`));
    const scriptPath = box.program(
      "talk.sh",
      "#!/bin/sh\nfor i in 1 2 3 4 5; do echo $i; sleep 0.02; done\n" +
        "exec sleep 99\n",
    );
    await box.start({ name: "talk", scriptPath });
    await box.logHas("talk", "1\n2\n3\n4\n5\n");
    let longest = 0;
    for (let i = 0; i < 20; i++) {
      const began = performance.now();
      await box.ask({ cmd: "stats" });
      longest = Math.max(longest, performance.now() - began);
    }
    assert.ok(longest < 2000, `an answer took ${longest} ms`);
    assertGrowth(pid, { before, most: 6 << 20 });
    const row = await box.client.describe("flood-b");
    assert.equal(row.droppedLogBytes, 0, "it is slowed down, not cut");
    await box.client.stop("flood-a");
    await box.client.stop("flood-b");
    for (const part of ["", ".1"]) {
      const { size } = statSync(box.logFile("flood-a") + part);
      assert.ok(size <= (1 << 20) + (64 << 10), `${size}`);
    }
  }),
);

const TICKS =
  "#!/bin/sh\nwhile :; do i=$((i+1)); echo tick $i; sleep 0.01; done\n";

async function ticking(box) {
  const scriptPath = box.program("tick.sh", TICKS);
  await box.start({ name: "tick", scriptPath });
  await box.logHas("tick", "tick 3\n");
  return box.logFile("tick");
}

function mentions(file, text) {
  return waitFor(`${text} in ${file}`, () => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found?.isFile() && readFileSync(file, "utf8").includes(text);
  });
}

test(
  "20: a log file that is removed, moved or emptied is written on in its place",
  fault(async (box) => {
    const file = await ticking(box);
    rmSync(file);
    await mentions(file, "tick");
    rmSync(dirname(file), { recursive: true });
    await mentions(file, "tick");
    renameSync(file, `${file}.1`); // as logrotate does
    await mentions(file, "tick");
    writeFileSync(file, "");
    await mentions(file, "tick");
    assert.doesNotMatch(readFileSync(file, "utf8"), /\0/, "no hole");
    const { status, totalRestarts } = await box.row("tick");
    assert.deepEqual([status, totalRestarts], ["running", 0]);
  }),
);

test(
  "20: a log file that became a pipe, a device or a folder blocks nobody",
  fault(async (box) => {
    const file = await ticking(box);
    const places = {
      pipe: () => execFileSync("mkfifo", [file], { stdio: "ignore" }),
      device: () => symlinkSync("/dev/full", file),
      folder: () => mkdirSync(file),
    };
    for (const [what, put] of Object.entries(places)) {
      const dropped = async () =>
        (await box.client.describe("tick")).droppedLogBytes;
      const before = await dropped();
      await waitFor(`the ${what} to be put there`, () => {
        rmSync(file, { force: true, recursive: true });
        try {
          put();
          return true;
        } catch {
          return false; // the log has been made anew in between
        }
      });
      await waitFor(`a loss to the ${what}`, async () => {
        return (await dropped()) > before;
      });
      assert.equal((await box.row("tick")).status, "running");
      rmSync(file, { force: true, recursive: true });
      await mentions(file, "bytes of output were lost");
    }
  }),
);

test(
  "21: a link in the place of a log file is not followed",
  fault(async (box) => {
    const target = join(box.project, "passwd");
    writeFileSync(target, "root:x:0:0\n");
    const file = await ticking(box);
    await box.client.stop("tick");
    rmSync(file);
    symlinkSync(target, file);
    await box.start({ name: "tick" });
    await waitFor("the loss", async () => {
      const { droppedLogBytes } = await box.client.describe("tick");
      return droppedLogBytes > 0;
    });
    assert.equal(readFileSync(target, "utf8"), "root:x:0:0\n");
    // Nor by those who read, rotate, or begin anew.
    const shown = await box.zpm("logs", "tick");
    assert.doesNotMatch(shown.stdout, /root:x/);
    assert.ok(lstatSync(file).isSymbolicLink());
    rmSync(file);
    await mentions(file, "bytes of output were lost");
  }),
);
