// More workers, or fewer, while clients ask.

import assert from "node:assert/strict";

import { isAlive, waitFor } from "../helpers.mjs";
import { cluster, heldRequest } from "./means.mjs";

cluster("up and down, and nobody notices", async (box, t) => {
  await box.up("web.js");
  const first = await box.running(2);
  const load = box.load().start();
  await load.more(50);

  await box.done("scale", "web", "4");
  const four = await box.running(4);
  assert.deepEqual(four.slice(0, 2), first, "who was there goes on");
  await box.noted("listening", 4);
  await box.answeredBy(four);

  await box.done("scale", "web", "+1");
  const five = await box.running(5);
  assert.deepEqual(five.slice(0, 4), four);

  await box.done("scale", "web", "-3");
  assert.deepEqual(await box.running(2), first);
  await waitFor("the end of the others", () => !five.slice(2).some(isAlive));
  await box.answeredBy(first);

  await box.done("scale", "web", "1");
  const [last] = await box.running(1);
  assert.equal(last, first[0]);
  await load.more(50);
  await load.stop();
  t.diagnostic(`${load}`);
  load.assertFlawless();

  const instances = box.notes("start").map(({ instance }) => instance);
  assert.deepEqual(instances.sort(), [0, 1, 2, 3, 4]);
  assert.equal((await box.app("web")).instances, 1);
});

cluster("the number is kept over restart and reload", async (box) => {
  await box.up("web.js", { instances: 1 });
  await box.done("scale", "web", "3");
  await box.running(3);
  await box.done("reload", "web");
  await box.running(3);
  await box.done("stop", "web");
  await box.done("start", "web");
  await box.noted("listening", 9);
  await box.answeredBy(await box.running(3));
  await box.killDaemon();
  await box.running(3);
});

cluster("who has to go may finish", async (box) => {
  await box.up("web.js", { flags: ["--drain-timeout", "600000"] });
  const pids = await box.running(2);
  const held = [];
  // One in each of the workers.
  while (!pids.every((pid) => held.some((one) => one.pid === pid)))
    held.push(await heldRequest(box));
  const scaled = box.zpm("scale", "web", "1");
  await waitFor("the smaller number", async () => {
    return (await box.app("web")).instances === 1;
  });
  for (const one of held) assert.equal((await one.finish()).pid, one.pid);
  assert.equal((await scaled).code, 0);
  await waitFor("its end", () => !isAlive(pids[1]));
  assert.deepEqual(await box.running(1), pids.slice(0, 1));
});

cluster("numbers that make no sense change nothing", async (box) => {
  await box.up("web.js");
  const pids = await box.running(2);
  for (const number of ["0", "-2", "-5", "1025", "+9999", "two", "1.5", ""]) {
    const { code, stderr } = await box.zpm("scale", "web", number);
    assert.notEqual(code, 0, `scale web ${number}`);
    assert.notEqual(stderr, "");
  }
  assert.match(await box.fails("scale", "nobody", "2"), /nobody/);
  assert.deepEqual(await box.running(2), pids);
});
