// zpm start without a script: what a folder says about how it is started.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { freePort } from "./helpers.mjs";

const TELLER =
  "console.log(`run ${process.argv.slice(2)} port ${process.env.PORT}`);" +
  "setInterval(() => {}, 1e6);";

const packageJson = (fields) => JSON.stringify(fields);

test("a folder where nothing can be started says what was looked for", async (t) => {
  const box = commandLine(t);
  const said = await box.misused("start");
  for (const file of ["package.json", "server.js", "app.py", "go.mod"])
    assert.ok(said.includes(file), said);
  assert.match(said, /zpm start <script>/);
  assert.deepEqual(box.daemons(), []);
});

test("a start script that is only node runs without npm", async (t) => {
  const box = commandLine(t);
  const port = await freePort();
  box.write("server.js", TELLER);
  box.write(".env", `PORT=${port}\nKEY=hush-4711\n`);
  box.write(
    "package.json",
    packageJson({ name: "@acme/shop", scripts: { start: "node server.js a" } }),
  );
  const said = await box.done("start", "--", "b");
  assert.match(said, /^found package.json: starting `node server.js a b`/);
  assert.match(said, new RegExp(`as 'shop' on port ${port}\n`));
  assert.ok(!said.includes("hush"), said);
  assert.match(
    said,
    new RegExp(`zpm start server.js --name shop --port ${port} -- a b`),
  );
  await box.logHas("shop", `run a,b port ${port}\n`);
  const [app, ...others] = await box.json("stats");
  assert.deepEqual(others, []);
  assert.equal(app.processes, 1);
  assert.equal(app.scriptPath, join(box.project, "server.js"));

  // Once more: it is the same app, and it is left alone.
  await box.done("start", "--", "b");
  assert.equal((await box.app("shop")).pid, app.pid);
});

test("any other start script is run by npm, with what was typed behind it", async (t) => {
  const box = commandLine(t);
  box.write("server.js", TELLER);
  box.write(
    "package.json",
    packageJson({
      name: "shop",
      scripts: { start: "true && node server.js" },
    }),
  );
  const said = await box.done("start", ".", "--name", "x", "--", "-v");
  assert.match(said, /starting `npm run start -- -v` as 'x'\n/);
  await box.logHas("x", "run -v port undefined\n");
  await box.done("stop", "x");
});

test("a folder that is named is started in it", async (t) => {
  const box = commandLine(t);
  mkdirSync(join(box.project, "web"));
  box.write("web/app.js", TELLER);
  assert.match(
    await box.done("start", "web/"),
    /^found app.js: starting `node app.js` as 'web'\n/,
  );
  await box.logHas("web", "run");
  assert.equal((await box.app("web")).cwd, join(box.project, "web"));
  const [{ name, ok }] = await box.json("start", "--cwd", "web");
  assert.deepEqual({ name, ok }, { name: "web", ok: true });
});
