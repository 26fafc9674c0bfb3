// Probes of https servers: whose certificate will do, and what is said of others.

import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandLine } from "./cli.mjs";
import { certify, fixture, freePort, waitFor } from "./helpers.mjs";

/** Starts the server with a probe of it as a readiness probe; waits for `seen`. */
async function probed(t, { target, options = "", program = "https.js", ca }) {
  const box = commandLine(t);
  const port = await freePort();
  await certify(box.project);
  copyFileSync(fixture(program), join(box.project, "server.js"));
  const probe = `${target(port)},kind=readiness,interval=0.1${options}`;
  const words = ["--name", "web", "--port", String(port), "--probe", probe];
  // The daemon starts with it, and keeps its environment.
  const env = ca ? { SSL_CERT_FILE: join(box.project, "cert.pem") } : {};
  const file = join(box.project, "server.js");
  const { code, stderr } = await box.zpmWith({ env }, "start", file, ...words);
  assert.equal(code, 0, stderr);
  return box;
}

const isReady = (box) =>
  waitFor("readiness", async () => (await box.app("web")).status === "running");

const says = (box, pattern) =>
  waitFor(`pending: ${pattern}`, async () =>
    pattern.test((await box.app("web")).pending),
  );

test("a self-signed certificate will do if that is meant", async (t) => {
  const target = (port) => `https://localhost:${port}/`;
  await isReady(await probed(t, { target, options: ",insecure=true" }));
});

test("a certificate that the system trusts will do", async (t) => {
  const target = (port) => `https://127.0.0.1:${port}/`;
  await isReady(await probed(t, { target, ca: true }));
});

test("a self-signed certificate is refused, with a hint", async (t) => {
  const target = (port) => `https://localhost:${port}/`;
  const box = await probed(t, { target });
  await says(box, /self-signed certificate: set insecure: true/);
});

test("a plain http server is told from one that speaks TLS", async (t) => {
  const target = (port) => `https://127.0.0.1:${port}/`;
  const box = await probed(t, { target, program: "port.js" });
  await says(box, /it does not speak TLS, but plain HTTP: use http:/);
});
