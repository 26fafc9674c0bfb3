// What zpm says to who asks for help, mistypes, or wants what is not there yet.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { root } from "./helpers.mjs";

test("help and version need no daemon", async (t) => {
  const box = commandLine(t);
  const { version } = JSON.parse(readFileSync(join(root, "package.json")));
  const help = await box.done("help");
  assert.equal(await box.done(), help);
  assert.equal(await box.done("--help"), help);
  for (const name of ["start", "stop", "list", "logs", "kill-daemon"]) {
    assert.match(help, new RegExp(`^ +${name} `, "m"));
    const topic = await box.done("help", name);
    assert.match(topic, new RegExp(`zpm ${name}`));
    assert.equal(await box.done(name, "--help"), topic);
    assert.equal(await box.done(name, "-h"), topic);
    const widest = Math.max(...topic.split("\n").map((line) => line.length));
    assert.ok(widest <= 80, `${name}: ${widest} columns`);
  }
  assert.equal(await box.done("--version"), `zpm ${version}\n`);
  assert.equal(await box.done("version"), `zpm ${version}\n`);
  assert.deepEqual(await box.json("version"), { version });
  assert.deepEqual(box.daemons(), []);
});

test("what is mistyped is wrong usage, and the near word is told", async (t) => {
  const box = commandLine(t);
  for (const [words, complaint] of [
    [["strat", "x"], /unknown command 'strat'\. Did you mean 'start'\?/],
    [["lsit"], /Did you mean 'list'\?/],
    [["qqqqqq"], /unknown command 'qqqqqq'\. See: zpm help/],
    [["server.js"], /zpm start server\.js/],
    [["help", "strat"], /Did you mean 'start'\?/],
    [["list", "--jsno"], /unknown option '--jsno'\. Did you mean '--json'\?/],
    [["start", "a.js", "--prot", "1"], /Did you mean '--port'\?/],
    [["logs", "--lnies", "1"], /Did you mean '--lines'\?/],
    [["logs", "-q"], /unknown option '-q'/],
    [["logs", "--lines"], /--lines needs a value/],
    [["logs", "--lines", "few"], /whole number/],
    [["list", "--json=yes"], /--json takes no value/],
    [["list", "--status", "runing"], /Did you mean 'running'\?/],
    [["list", "--sort", "size"], /must be one of name, status, pid/],
    [["list", "--order", "up"], /asc, desc/],
    [["list", "more"], /'more' is one too many/],
    [["start"], /nothing to start in 'project': no package\.json/],
    [["stop"], /missing <name>/],
    [["describe"], /missing <name>/],
    [["describe", "a", "b"], /'b' is one too many/],
    [["start", "a.js", "b.js"], /go after --: zpm start a\.js -- b\.js/],
    [["start", "a.js", "--kill-timeout", "5s"], /kill-?timeout/i],
    [["start", "a.js", "--kill-signal", "SIGFOO"], /SIGFOO/],
    [["start", "a.js", "--interpreter", "perl"], /perl/],
    [["start", "a.js", "--immediate-crash", "maybe"], /auto, hold, retry/],
    [["start", "a.js", "--log-max-size", "big"], /log-?max-?size/i],
    [["start", "a.js", "--name", "all"], /zpm: --name must not be "all"/],
    [["start", "a.js", "--name", "../x"], /name/],
  ]) {
    const { code, stdout, stderr } = await box.zpm(...words);
    const shown = words.join(" ");
    assert.match(stderr, complaint, shown);
    assert.match(stderr, /^zpm: [^\n]*\n$/, shown);
    assert.equal(code, 2, shown);
    assert.equal(stdout, "", shown);
  }
});

test("a mistyped name is answered with the near one", async (t) => {
  const box = commandLine(t);
  await box.done("start", "sleep", "--name", "backend", "--", "1000");
  for (const command of ["stop", "restart", "delete", "describe", "stats"])
    assert.match(await box.fails(command, "bakcend"), /Did you mean 'backend'/);
  assert.match(
    await box.fails("logs", "bakcend", "--no-follow"),
    /Did you mean 'backend'/,
  );
  assert.match(await box.fails("start", "bakcend"), /the app 'backend'\?/);
  assert.equal((await box.app("backend")).status, "running");
});

test("asking for what is so anyway is fine", async (t) => {
  const box = commandLine(t);
  await box.done(
    ...["start", "sleep", "--no-dev", "--mode", "fork", "--instances", "1"],
    ...["--", "1000"],
  );
  assert.equal((await box.app("sleep")).status, "running");
});

test("a failure is JSON as well, when JSON is asked for", async (t) => {
  const box = commandLine(t);
  for (const [words, expected, why] of [
    [["describe", "x", "--json"], 1, "ZPM_ENOAPP"],
    [["list", "--sort", "x", "--json"], 2, "ZPM_EARG"],
    [["lits", "--json"], 2, "ZPM_ECOMMAND"],
    [["ping", "--namespace", "other", "--json"], 1, "ZPM_EDAEMON"],
    [["list", "--namespace", "../x", "--json"], 1, "ZPM_EARG"],
  ]) {
    const { code, stdout } = await box.zpm(...words);
    const { ok, error, code: name } = JSON.parse(stdout);
    assert.deepEqual([code, ok, name], [expected, false, why]);
    assert.equal(typeof error, "string");
  }
});
