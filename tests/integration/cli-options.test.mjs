// Options of start and restart become fields of the config, and back.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";

async function configOf(box, name) {
  return (await box.json("describe", name)).config;
}

test("options become fields, with paths made absolute", async (t) => {
  const box = commandLine(t);
  mkdirSync(join(box.project, "lib"));
  box.write("app.sh", 'echo "greeting [$GREETING]"; exec sleep 1000\n');
  box.write(".env", 'GREETING="hello, you"\n');
  await box.done(
    ...["start", "app.sh", "--env-file", ".env", "--watch=lib"],
    ...["--ignore-watch", "*.tmp", "--umask", "027", "--max-memory", "1.5G"],
    ...["--rlimit", "nofile=256:512", "--rlimit=core=0", "--cron", "@yearly"],
    ...["--probe", "exec:test -e /,interval=60,timeout=0.5"],
    ...["--probe=tcp:1,initialDelay=3600", "--no-clear-port"],
  );
  await box.logHas("app", "greeting [hello, you]");
  const config = await configOf(box, "app");
  assert.equal(config.envFile, join(box.project, ".env"));
  assert.deepEqual(config.watch, [join(box.project, "lib")]);
  assert.deepEqual(config.ignoreWatch, ["*.tmp"]);
  assert.equal(config.umask, "027");
  assert.equal(config.maxMemory, 1.5 * 1024 ** 3);
  assert.deepEqual(config.rlimits, { core: 0, nofile: [256, 512] });
  assert.equal(config.cron, "@yearly");
  assert.equal(config.clearPort, false);
  assert.deepEqual(config.probe, [
    {
      type: "exec",
      target: "test -e /",
      intervalSeconds: 60,
      timeoutSeconds: 0.5,
    },
    { type: "tcp", target: "1", initialDelaySeconds: 3600 },
  ]);
});

test("--no-x turns off what was given", async (t) => {
  const box = commandLine(t);
  box.write("app.sh", "exec sleep 1000\n");
  await box.done(
    ...["start", "app.sh", "--watch", "--cron", "@yearly"],
    ...["--probe", "exec:true,initialDelay=3600", "--rlimit", "core=0"],
  );
  assert.deepEqual((await configOf(box, "app")).watch, [box.project]);
  await box.done(
    ...["restart", "app", "--no-watch", "--no-cron", "--no-probe"],
    ...["--no-rlimit"],
  );
  const { watch, cron, probe, rlimits } = await configOf(box, "app");
  assert.deepEqual([watch, cron, probe, rlimits], [false, false, [], {}]);
});

test("a file of variables that is missing is named", async (t) => {
  const box = commandLine(t);
  box.write("app.sh", "exec sleep 1000\n");
  assert.match(
    await box.fails("start", "app.sh", "--env-file", "nothing.env"),
    /nothing\.env: no such file or directory/,
  );
});

test("what cannot be is said in terms of the options", async (t) => {
  const box = commandLine(t);
  box.write("app.sh", "exec sleep 1000\n");
  for (const [option, message] of [
    ["--probe=localhost:3000", /^zpm: --probe must begin with http/],
    ["--probe=tcp:localhost", /^zpm: --probe: the target/],
    ["--cron=often", /^zpm: --cron: /],
    [
      "--max-memory=200",
      /^zpm: --max-memory must be a size such as 200M, of 1M/,
    ],
    ["--umask=9", /^zpm: --umask must be an octal number/],
    ["--rlimit=files=1", /^zpm: --rlimit: there is no limit "files"/],
  ])
    assert.match(await box.misused("start", "app.sh", option), message);
  assert.match(
    await box.misused("start", "app.sh", "--user=www", "--uid=33"),
    /^zpm: --user \("www"\) and --uid \(33\) both say/,
  );
});
