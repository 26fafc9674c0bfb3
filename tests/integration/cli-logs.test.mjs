// zpm logs, and the files that it reads.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";

import { commandLine, instrumented, zpmPath } from "./cli.mjs";
import { waitFor, within } from "./helpers.mjs";

/** Writes `seq 1 $1` to both streams, then stays. */
const counter =
  'for i in $(seq 1 "$1"); do echo "out $i"; done\n' +
  'for i in $(seq 1 "$1"); do echo "err $i" >&2; done\n' +
  "exec sleep 1000\n";

/** `zpm logs` that goes on; `text` grows. */
function follow(t, box, ...words) {
  const child = spawn(zpmPath, ["logs", ...words, "--follow"], {
    env: { ...process.env, ZPM_HOME: box.home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reader = { child, text: "", complaint: "" };
  reader.end = once(child, "close");
  child.stderr.on("data", (text) => (reader.complaint += text));
  child.stdout.setEncoding("utf8").on("data", (text) => (reader.text += text));
  reader.has = (text) =>
    waitFor(`${text} in the live output`, () => reader.text.includes(text));
  t.after(() => child.kill("SIGKILL"));
  return reader;
}

const numbered = (stream, from, to) =>
  Array.from(
    { length: to - from + 1 },
    (_, i) => `${stream} ${from + i}\n`,
  ).join("");

test("recent lines are shown, as many as are asked for", async (t) => {
  const box = commandLine(t);
  await box.done("start", box.write("count.sh", counter), "--", "50");
  await box.logHas("count", "err 50\n", "err");
  await box.logHas("count", "out 50\n");
  const logs = (...words) => box.done("logs", ...words);
  const [out, err] = [numbered("out", 31, 50), numbered("err", 31, 50)];
  assert.equal(await logs("count"), out + err, "a pipe is not followed");
  assert.equal(await logs("count", "--no-follow"), out + err);
  assert.equal(await logs("count", "--out"), out);
  assert.equal(await logs("count", "--err"), err);
  assert.equal(await logs("count", "-n", "2", "--err"), "err 49\nerr 50\n");
  assert.equal(await logs("count", "-n3", "--out"), numbered("out", 48, 50));
  assert.equal(await logs("count", "--lines", "0"), "");
  assert.equal(
    await logs("count", "--lines", "1000000"),
    numbered("out", 1, 50) + numbered("err", 1, 50),
  );
});

test("the output of several apps says whose it is", async (t) => {
  const box = commandLine(t);
  const file = box.write("count.sh", counter);
  for (const name of ["a", "b"]) {
    await box.done("start", file, "--name", name, "--", "2");
    await box.logHas(name, "err 2\n", "err");
  }
  assert.equal(
    await box.done("logs", "--out", "--no-follow"),
    "a | out 1\na | out 2\nb | out 1\nb | out 2\n",
  );
  const pieces = (await box.done("logs", "--json", "--no-follow"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    pieces.map(({ name, stream, data }) => [name, stream, data]),
    [
      ["a", "out", "out 1\nout 2\n"],
      ["a", "err", "err 1\nerr 2\n"],
      ["b", "out", "out 1\nout 2\n"],
      ["b", "err", "err 1\nerr 2\n"],
    ],
  );
});

test("the logs of an app that has ended, or never ran, can be read", async (t) => {
  const box = commandLine(t);
  await box.zpm("start", box.write("end.sh", "echo last words; exit 1\n"));
  await box.logHas("end", "words\n");
  assert.equal(await box.done("logs", "end"), "last words\n");
  await box.zpm("start", "./nope.sh", "--name", "never");
  assert.equal(await box.done("logs", "never"), "");
  assert.match(await box.fails("logs", "nobody"), /no app 'nobody'/);
});

test("live output comes until Ctrl-C, across restarts", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "tick.sh",
    'echo "begin $$"; i=0\nwhile :; do i=$((i+1)); echo "tick $i"; sleep 0.01; done\n',
  );
  await box.done("start", file);
  await box.logHas("tick", "tick 3\n");
  const live = follow(t, box, "tick", "--lines", "2");
  const quiet = follow(t, box, "tick", "--err");
  await live.has("tick 20\n");
  await box.done("restart", "tick");
  const { pid } = await box.app("tick");
  await live.has(`begin ${pid}\ntick 1\n`);
  assert.equal(live.text.match(/^begin/gm).length, 1, "lines before are cut");

  const numbers = live.text
    .slice(0, live.text.indexOf("begin"))
    .match(/(?<=^tick )\d+$/gm)
    .map(Number);
  numbers.forEach((n, i) => assert.equal(n, numbers[0] + i));
  for (const { child, end } of [live, quiet]) {
    child.kill("SIGINT");
    const [code, signal] = await within("its end", end);
    assert.ok(code === 0 || code === 130 || signal === "SIGINT", `${code}`);
  }
  assert.equal(quiet.text, "");
  assert.equal((await box.app("tick")).status, "running");
});

test("the follower is told when the daemon is told to end", async (t) => {
  const box = commandLine(t);
  await box.done("start", box.write("count.sh", counter), "--", "1");
  const live = follow(t, box, "count");
  await live.has("out 1\n");
  await box.done("kill-daemon");
  assert.deepEqual(await within("its end", live.end), [1, null]);
  assert.match(live.complaint, /the daemon was told to end, so no more comes/);
});

test("files are rotated by size, and only so many kept", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "much.sh",
    'seq -f "line %06.0f" 1 40000; echo end >&2; exec sleep 1000\n',
  );
  await box.done(
    ...["start", file, "--log-max-size", "64K", "--log-max-files", "2"],
  );
  await box.logHas("much", "end", "err");
  await box.logHas("much", "line 040000\n");
  const folder = dirname(box.logFile("much"));
  const names = readdirSync(folder).filter((name) => name.startsWith("out"));
  assert.deepEqual(names.sort(), ["out.log", "out.log.1", "out.log.2"]);
  const texts = names
    .sort()
    .reverse()
    .map((name) => readFileSync(`${folder}/${name}`, "utf8"));
  // A file may outgrow its limit to end a line.
  for (const text of texts)
    assert.ok(text.length < 64 * 1024 + 12, String(text.length));
  const lines = texts.join("").trimEnd().split("\n");
  assert.ok(lines.length > 10_000, String(lines.length));
  lines
    .reverse()
    .forEach((line, i) =>
      assert.equal(line, `line ${String(40000 - i).padStart(6, "0")}`),
    );
  const shown = await box.done("logs", "much", "--out", "--lines", "9000");
  assert.equal(shown.trimEnd().split("\n").length, 9000, "also of older files");

  await box.done("start", file, "--name", "none", "--log-max-size", "0");
  await box.logHas("none", "line 040000\n");
  assert.equal(statSync(box.logFile("none")).size, 40000 * 12);
});

test("lines are stamped, or made JSON, when that is wanted", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "say.sh",
    `echo one; printf 'a "quote" \\033[1m\\ttab\\n'; echo oops >&2; exec sleep 1000\n`,
  );
  await box.done("start", file, "--name", "time", "--log-timestamps");
  await box.done("start", file, "--name", "json", "--log-format", "json");
  const stamp = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";
  assert.match(
    await box.logHas("time", "tab\n"),
    new RegExp(`^${stamp} one\n${stamp} a "quote" \x1b\\[1m\ttab\n$`),
  );
  await box.logHas("json", "tab");
  await box.logHas("json", "oops", "err");
  const [first, second] = (await box.logHas("json", "tab"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.match(first.time, new RegExp(`^${stamp}$`));
  assert.deepEqual(
    { ...first, time: 0 },
    { time: 0, stream: "out", line: "one" },
  );
  assert.equal(second.line, 'a "quote" \x1b[1m\ttab');
  assert.equal(JSON.parse(box.log("json", "err")).stream, "err");
});

test("live output has the format of the history", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "tick.sh",
    "i=0\nwhile :; do i=$((i+1)); printf 'ti'; printf 'ck %s\\n' $i; sleep 0.01; done\n",
  );
  await box.done("start", file, "--name", "json", "--log-format", "json");
  await box.done("start", file, "--name", "time", "--log-timestamps");
  await box.logHas("json", "ck 3");
  const [json, time] = [follow(t, box, "json"), follow(t, box, "time")];
  await json.has("ck 30");
  await time.has("ck 30");
  const lines = ({ text }) => text.slice(0, text.lastIndexOf("\n")).split("\n");
  for (const line of lines(json)) assert.equal(JSON.parse(line).stream, "out");
  for (const line of lines(time)) assert.match(line, /^\d{4}-.*Z tick \d+$/);
  json.child.kill("SIGINT");
  await within("its end", json.end);
  const shown = json.text.trimEnd();
  assert.ok(box.log("json").includes(shown.slice(shown.indexOf("\n") + 1)));
});

test("binary output is kept as it is", async (t) => {
  const box = commandLine(t);
  const bytes = Buffer.alloc(256 * 40);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  const file = box.write("bytes", bytes);
  await box.done("start", "cat", "--name", "binary", "--", file);
  await waitFor(
    "all of it",
    () =>
      existsSync(box.logFile("binary")) &&
      statSync(box.logFile("binary")).size === bytes.length,
  );
  assert.ok(readFileSync(box.logFile("binary")).equals(bytes));
  const { code } = await box.zpm("logs", "binary", "--lines", "100000");
  assert.equal(code, 0);
  await box.json("describe", "binary");
  await box.done("list", "--wide");
});

test("a line of 5 MB without an end is written, and shown in part", async (t) => {
  const box = commandLine(t);
  const file = box.write(
    "long.sh",
    "head -c 5000000 /dev/zero | tr '\\0' x; echo done >&2; exec sleep 1000\n",
  );
  await box.done("start", file);
  await box.logHas("long", "done", "err");
  await waitFor("all of it", () => statSync(box.logFile("long")).size === 5e6);
  const shown = await box.done("logs", "long", "--out", "--lines", "1");
  assert.match(shown, /x{1000}/);
  const { lastLog } = await box.app("long");
  assert.ok(lastLog.length < 10_000, "the table gets a part of it");
  const status = readFileSync(
    `/proc/${(await box.json("ping")).pid}/status`,
    "utf8",
  );
  const peak = Number(status.match(/VmHWM:\s+(\d+)/)[1]);
  const most = instrumented ? 48 : 24; // MB
  assert.ok(peak < most * 1024, `${peak} KB were used at most`);
});

test("zpm answers while apps flood", async (t) => {
  const box = commandLine(t);
  const file = box.write("flood.sh", "exec yes 'a line of output'\n");
  for (const name of ["a", "b"])
    await box.done(
      ...["start", file, "--name", name],
      ...["--log-max-size", "256K", "--log-max-files", "1"],
    );
  const live = follow(t, box);
  await live.has("b | a line");
  const size = () => statSync(box.logFile("a"), { throwIfNoEntry: false })?.ino;
  const first = size();
  await waitFor("a rotation", () => size() !== first);
  for (let i = 0; i < 10; i++) {
    const stats = await box.json("list");
    assert.ok(stats.every(({ status }) => status === "running"));
  }
  const shown = await box.done("logs", "a", "--lines", "2");
  assert.match(shown, /^a line of output\n/);
  assert.match(
    live.complaint,
    /^(zpm: \d+ bytes of output were left out.*\n)*$/,
  );
  assert.equal(await box.done("stop", "all"), "stopped 2 apps\n");
});
