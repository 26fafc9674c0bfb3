#!/usr/bin/env node
// `zpm` of npm and npx: runs the native program in its place.

import { spawn } from "node:child_process";

import { zpmPath } from "../binary";

function run(path: string): void {
  const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
  // Ctrl-C reaches the child from the terminal; it decides what to do.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`zpm: cannot run ${path}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

try {
  run(zpmPath());
} catch (error) {
  console.error(`zpm: ${(error as Error).message}`);
  process.exitCode = 1;
}
