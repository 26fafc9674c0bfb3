// What the package is to those who import, require, or type-check it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

import * as esm from "@zuzjs/pm";

import { root, run } from "./helpers.mjs";

const require = createRequire(import.meta.url);
const cjs = require("@zuzjs/pm");
const manifest = require("@zuzjs/pm/package.json");

test("import and require give the same things", () => {
  assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
  for (const name of Object.keys(esm)) assert.equal(esm[name], cjs[name], name);
});

test("everything that is promised is there", () => {
  for (const name of [
    "ZPMClient",
    "ProcessManager",
    "ZpmError",
    "ProcessStore",
  ])
    assert.equal(typeof esm[name], "function", name);
  assert.ok(esm.zpm instanceof esm.ZPMClient);
  assert.deepEqual(esm.WorkerMode, { Fork: "fork", Cluster: "cluster" });
  assert.deepEqual(Object.values(esm.WorkerStatus), [
    "stopped",
    "starting",
    "running",
    "stopping",
    "crashed",
    "errored",
  ]);
  const calls =
    "start startWorker addWorker stop restart delete stats list logs describe getWorkerByName getStore doctor subscribe on once off close";
  for (const call of calls.split(" "))
    for (const type of [esm.ZPMClient, esm.ProcessManager])
      assert.equal(typeof type.prototype[call], "function", call);
  for (const call of "ensureDaemon isDaemonRunning killDaemon restartDaemon disconnect ref unref".split(
    " ",
  ))
    assert.equal(typeof esm.ZPMClient.prototype[call], "function", call);
  assert.equal(typeof esm.ProcessManager.prototype.stopAll, "function");
  for (const call of [
    "get",
    "all",
    "onchange",
    "offchange",
    "attach",
    "detach",
  ])
    assert.equal(typeof esm.processStore[call], "function", call);
});

test("importing starts nothing and keeps nothing alive", async () => {
  const result = await run(process.execPath, ["-e", 'require("@zuzjs/pm")'], {
    cwd: root,
  });
  assert.deepEqual(result, { code: 0, signal: null, stdout: "", stderr: "" });
});

test("there is one version", () => {
  const header = readFileSync(join(root, "include/zpm/version.h"), "utf8");
  assert.equal(header.match(/ZPM_VERSION "([^"]+)"/)[1], manifest.version);
  assert.equal(esm.version, manifest.version);
});

test("nothing is needed at run time", () => {
  assert.equal(manifest.dependencies, undefined);
});

test("the types say what the programs do", () => {
  execFileSync(
    process.execPath,
    [require.resolve("typescript/bin/tsc"), "-p", join(root, "tests/types")],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
});

test("the socket's path is private to home and namespace", () => {
  assert.equal(esm.getSocketPath("shop", "/srv/zpm"), "/srv/zpm/shop/zpm.sock");
  const long = `/srv/${"x".repeat(120)}`;
  assert.ok(esm.getSocketPath("shop", long).length < 108);
  assert.throws(() => esm.getSocketPath("../shop", "/srv/zpm"), /shop/);
});

test("the logger can be replaced", (t) => {
  const lines = [];
  esm.logger.use((level, text) => lines.push(`${level}: ${text}`));
  t.after(() => esm.logger.use());
  esm.logger.info("hello", 7);
  esm.logger.error(new Error("broken"));
  assert.deepEqual(lines, ["info: hello 7", "error: broken"]);
});

test("the logger writes plain text when it is no terminal", async () => {
  const result = await run(
    process.execPath,
    ["-e", 'require("@zuzjs/pm").logger.warn("careful")'],
    { cwd: root },
  );
  assert.equal(result.stderr, "warn    careful\n");
});
