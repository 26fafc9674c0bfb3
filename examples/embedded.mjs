// Supervises an app from this very process, without a daemon:
//   node examples/embedded.mjs
import { fileURLToPath } from "node:url";

import { ProcessManager, WorkerMode } from "@zuzjs/pm";

const manager = new ProcessManager();

manager.on("exit", ({ name, code, signal }) => {
  console.log(`${name} ended: ${signal ?? `exit code ${code}`}`);
});

console.log(
  await manager.start({
    name: "server",
    scriptPath: fileURLToPath(new URL("server.js", import.meta.url)),
    mode: WorkerMode.Fork,
    port: 3000,
  }),
);

for (const app of await manager.stats())
  console.log(app.name, app.status, "pid", app.pid, app.memoryRss, "bytes");

async function end() {
  console.log(await manager.stopAll());
  process.exit(0);
}

process.on("SIGTERM", end);
process.on("SIGINT", end);

// The output of the app, for as long as this process runs.
for await (const { text } of manager.logs("server")) process.stdout.write(text);
