import {
  type ExitEvent,
  getSocketPath,
  logger,
  type LogChunk,
  type ProbeConfig,
  processStore,
  ProcessManager,
  type ReconnectEvent,
  type StoreRow,
  type WorkerConfig,
  WorkerMode,
  type WorkerStats,
  WorkerStatus,
  zpm,
  ZPMClient,
  ZpmError,
} from "@zuzjs/pm";

const config: WorkerConfig = {
  name: "api",
  scriptPath: "/abs/path/to/dist/server.js",
  port: 3000,
  mode: WorkerMode.Fork,
  instances: 1,
  devMode: false,
  env: { LOG_LEVEL: "debug" },
  killTimeout: 5000,
  maxBackoff: 16000,
  autorestart: "always",
  logs: { maxSizeBytes: 0 },
};

const guarded: WorkerConfig = {
  scriptPath: "server.js",
  probe: [
    { type: "http", target: "http://localhost:3000/health" },
    { type: "tcp", target: ":3000", kind: "readiness", intervalSeconds: 0.5 },
    { type: "https", target: "https://localhost", insecure: true },
  ],
  eventLoopTimeoutSeconds: 10,
  waitReady: true,
  readyTimeout: 5000,
  watch: ["lib"],
  ignoreWatch: ["*.tmp"],
  reloadCommand: "npm run build",
  user: "www-data",
  umask: "027",
  nice: 5,
  rlimits: { nofile: [4096, 8192], core: "unlimited", as: "2G" },
  maxMemory: "200M",
  cron: "0 4 * * *",
  envFile: ".env",
  clearPort: false,
  shutdownMessage: true,
};
const health: ProbeConfig = { type: "exec", target: "./check.sh" };

const pm = new ZPMClient({ namespace: "shop" });
await pm.ensureDaemon();
const sentence: string = await pm.start(config);
await pm.start({ name: "api", port: 3001 });
await pm.start(guarded);
await pm.start({ name: "api", probe: health, watch: true, cron: false });
await pm.start(config, { wait: true });
await pm.restart("api", { wait: true });
await pm.restart("api", { port: 3001 }, { wait: true });
const [newest] = (await pm.describe("api")).exits;
const why: string = newest?.reason ?? newest?.lines[0] ?? newest?.cause ?? "";
const stats: WorkerStats[] = await pm.stats("api");
const running: boolean = stats[0]?.status === WorkerStatus.Running;
const heap: number | null | undefined = stats[0]?.memoryHeap;
const found: WorkerConfig | null = await pm.getWorkerByName("api");
pm.on("exit", ({ name, code }: ExitEvent) => logger.info(name, code))
  .on("app", (row: StoreRow) => row.pids)
  .on("reconnect", ({ gapMs }: ReconnectEvent) => gapMs.toFixed())
  .once("log", (chunk) => chunk.text.length);
for await (const chunk of pm.logs("api", { follow: false })) {
  const { text }: LogChunk = chunk;
  logger.debug(text);
}

const manager = new ProcessManager();
await manager.stopAll();
await processStore.attach(manager);
const end: () => void = processStore.onchange((name, row) => row?.status);
end();

try {
  await zpm.stop("api");
} catch (error) {
  if (error instanceof ZpmError && error.code === "ZPM_ENOAPP")
    logger.error(error);
}
export { why, found, getSocketPath, heap, running, sentence };

// @ts-expect-error a script is needed
await pm.start({ port: 3000 });
// @ts-expect-error a port is a number
await pm.start({ scriptPath: "a.js", port: "3000" });
// @ts-expect-error no such field
await pm.start({ scriptPath: "a.js", prot: 3000 });
// @ts-expect-error a probe needs a target
await pm.start({ scriptPath: "a.js", probe: { type: "tcp" } });
// @ts-expect-error no such limit
await pm.start({ scriptPath: "a.js", rlimits: { files: 1 } });
// @ts-expect-error there is no daemon in process
await manager.ensureDaemon();
