// Configs that make no sense: an error that names the field, and no change.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fault } from "./box.mjs";

const LONG = "x".repeat(200_000);
const HUGE = 2 ** 53;
const PROBE = { type: "tcp", target: "localhost:1" };
const withProbe = (field, values) =>
  values.map((value) => ({ ...PROBE, [field]: value }));

/** What no field of the name can be. */
const WRONG = {
  name: [7, {}, "", "a/b", "..", "all", "a\nb", "x".repeat(65)],
  scriptPath: [7, [], ""],
  args: ["a", [7], [["a"]], { 0: "a" }],
  cwd: [7, "", "not/absolute", {}],
  env: ["A=1", ["A"], { "": "x" }, { "A=B": "x" }, { A: {} }, { A: ["x"] }],
  port: [0, -1, 65536, 1.5, "http", HUGE, {}, []],
  interpreter: ["cobol", 7, {}],
  interpreterArgs: ["a", [7]],
  instances: [0, -1025, 1.5, "many", 1025],
  killTimeout: [-1, 3_600_001, 1.5, "soon", HUGE],
  killSignal: ["SIGNOTHING", 0, 200, -9, {}],
  minBackoff: [-1, 86_400_001, "a", []],
  maxBackoff: [-1, 86_400_001, "a", []],
  autorestart: ["sometimes", 1, {}],
  immediateCrash: ["maybe", true, 1],
  logs: [7, "big", { maxFiles: -1 }, { format: "xml" }, { maxFile: 1 }],
  shutdownMessage: ["shutdown", 1, {}],
  probe: [
    ...[7, "http://x", [7], [[]], { type: "tcp" }, { target: "tcp:1" }],
    Array(9).fill(PROBE),
    Array(100).fill(PROBE),
    ...withProbe("type", ["icmp", 7, null]),
    ...withProbe("target", ["", 7, "host:99999", "a b:1", "x\r\ny:1"]),
    ...withProbe("kind", ["mood", 7]),
    ...withProbe("intervalSeconds", [0, -1, 86_401, "1", HUGE]),
    ...withProbe("timeoutSeconds", [0, 3601, "1"]),
    ...withProbe("failureThreshold", [0, 1001, 1.5]),
    ...withProbe("successThreshold", [0, 1001, {}]),
    ...withProbe("initialDelaySeconds", [-1, 86_401]),
    ...withProbe("expectStatus", [99, 600, "ok"]),
    ...withProbe("insecure", ["very", 1]),
    ...withProbe("intervalSecond", [1]),
    { type: "http", target: "ftp://x/" },
    { type: "http", target: "http://user:secret@x/" },
    { type: "http", target: `http://x/${LONG}` },
    { type: "http", target: "http://x/a\r\nHost: evil" },
  ],
  eventLoopTimeoutSeconds: [-1, 0.5, 3601, "a", {}],
  waitReady: ["always", 1, []],
  readyTimeout: [0, -1, 3_600_001, "a"],
  devMode: ["yes, please", 1, {}],
  watch: ["src", 7, [7], {}],
  ignoreWatch: ["*.log", 7, [7], {}],
  reloadCommand: [7, [], {}, true],
  user: [7, [], {}, true],
  uid: [-1, 1.5, "root", HUGE, {}],
  gid: [-1, 1.5, "root", HUGE, {}],
  umask: ["999", "rwx", -1, 512, {}, []],
  nice: [-21, 20, 1.5, "low"],
  rlimits: [
    ...[7, "nofile", ["nofile"], { nofiles: 1 }, { nofile: -1 }],
    ...[{ nofile: [1] }, { nofile: [2, 1] }, { nofile: [1, 2, 3] }],
    ...[{ nofile: "lots" }, { core: {} }],
  ],
  maxMemory: [-1, "lots", "200X", 1.5, {}, []],
  cron: [7, "", "* * * *", "60 * * * *", "* * 31 2 *", "@sometimes", {}, LONG],
  envFile: [7, [], {}, true],
  clearPort: ["no", 0, {}],
};

async function configOf(box, name) {
  return (await box.client.describe(name, { showEnv: true })).config;
}

async function withWitness(box) {
  const config = { name: "witness", scriptPath: "sleep", args: ["1000"] };
  await box.client.start({ ...config, cwd: box.project });
  const { pid } = await box.row("witness");
  const shown = await configOf(box, "witness");
  return async () => {
    assert.deepEqual(await box.client.list(), ["witness"]);
    assert.equal((await box.row("witness")).pid, pid);
    assert.deepEqual(await configOf(box, "witness"), shown);
  };
}

test(
  "40: a wrong value is refused by its name, whatever it is, and nothing changes",
  fault(async (box) => {
    const unharmed = await withWitness(box);
    const wire = box.wire();
    const good = { name: "a", scriptPath: "sleep", cwd: box.project };
    const odd = [];
    const refused = async (request, field) => {
      const { ok, error, code } = await wire.ask(request);
      const plain =
        ok === false &&
        code === "ZPM_ECONFIG" &&
        new RegExp(field, "i").test(error) &&
        error.length < 1000 &&
        !/secret/.test(error);
      const { name, scriptPath, cwd, ...rest } = request.config;
      if (!plain)
        odd.push(`${JSON.stringify(rest).slice(0, 200)}: ${code} ${error}`);
    };
    for (const [field, values] of Object.entries(WRONG))
      for (const value of values) {
        const config = { ...good, [field]: value };
        await refused({ cmd: "start", config }, field);
        if (field === "name" || field === "instances") continue;
        const change = { [field]: value };
        await refused(
          { cmd: "restart", name: "witness", config: change },
          field,
        );
      }
    assert.deepEqual(odd, []);
    await unharmed();
    wire.close();
  }),
);

test(
  "40: names that mean something to JavaScript mean nothing here",
  fault(async (box) => {
    const unharmed = await withWitness(box);
    for (const key of [
      "__proto__",
      "constructor",
      "toString",
      "hasOwnProperty",
    ])
      for (const text of [
        `{"cmd":"start","config":{"name":"a","scriptPath":"sleep","cwd":"/","${key}":{"port":1}}}`,
        `{"cmd":"start","config":{"name":"a","scriptPath":"sleep","cwd":"/","probe":{"type":"tcp","target":"1","${key}":1}}}`,
        `{"cmd":"start","config":{"name":"a","scriptPath":"sleep","cwd":"/","rlimits":{"${key}":1}}}`,
        `{"cmd":"stop","${key}":{"name":"witness"}}`,
      ]) {
        const wire = box.wire();
        wire.send(`${text}\n`);
        const { ok, error } = await wire.next();
        assert.equal(ok, false, text);
        assert.ok(error.includes(key) || /name/.test(error), error);
        wire.close();
      }
    // As the name of an app and of a variable it is one like any other.
    const env = JSON.parse('{"__proto__":"x","constructor":"y"}');
    await box.client.start({
      name: "__proto__",
      scriptPath: "sleep",
      args: ["1000"],
      cwd: box.project,
      env,
    });
    const shown = await configOf(box, "__proto__");
    assert.deepEqual(
      Object.entries(shown.env).sort(),
      Object.entries(env).sort(),
    );
    assert.equal({}.port, undefined);
    await box.client.delete("__proto__");
    await unharmed();
  }),
);

test(
  "40: texts as long as a request may be are taken or refused, and shown again",
  fault(async (box) => {
    const unharmed = await withWitness(box);
    const long = "y".repeat(100_000);
    const config = { name: "long", scriptPath: "sleep", cwd: box.project };
    await box.client.start({ ...config, args: ["1000"], env: { LONG: long } });
    const shown = await configOf(box, "long");
    assert.equal(shown.env.LONG, long);
    await box.client.delete("long");
    // The system takes no single argument this long, and no more names fit.
    for (const fields of [{ args: [LONG] }, { env: { LONG } }])
      await assert.rejects(
        box.client.start({ ...config, ...fields }),
        /long|too big|argument/i,
      );
    await box.client.delete("long").catch(() => {});
    const variables = (length) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [`V${i}`, "x"]));
    const start = (env) => box.client.start({ ...config, args: ["1000"], env });
    await assert.rejects(start(variables(20_000)), /env has more than/);
    await start(variables(4000));
    await box.client.delete("long");
    await unharmed();
  }),
);

test(
  "40: two apps of one name in a file, and a key given twice",
  fault(async (box) => {
    const unharmed = await withWitness(box);
    const app = { name: "twin", scriptPath: "sleep", args: ["1000"] };
    const file = box.write("apps.json", JSON.stringify([app, app]));
    const { stdout, stderr } = await box.zpm("start", file);
    assert.match(stdout + stderr, /twin/);
    assert.equal((await box.client.stats("twin")).length, 1);
    assert.equal((await box.row("twin")).processes, 1);
    await box.client.delete("twin");

    const wire = box.wire();
    wire.send('{"cmd":"stop","name":"nobody","name":"witness"}\n');
    const reply = await wire.next();
    assert.equal(reply.ok, false, JSON.stringify(reply));
    wire.close();
    await unharmed();
  }),
);
