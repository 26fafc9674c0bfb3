import {
  type ExitEvent,
  getSocketPath,
  logger,
  type LogChunk,
  processStore,
  ProcessManager,
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

const pm = new ZPMClient({ namespace: "shop" });
await pm.ensureDaemon();
const sentence: string = await pm.start(config);
await pm.start({ name: "api", port: 3001 });
const stats: WorkerStats[] = await pm.stats("api");
const running: boolean = stats[0]?.status === WorkerStatus.Running;
const heap: number | null | undefined = stats[0]?.memoryHeap;
const found: WorkerConfig | null = await pm.getWorkerByName("api");
pm.on("exit", ({ name, code }: ExitEvent) => logger.info(name, code))
  .on("app", (row: StoreRow) => row.pids)
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
export { found, getSocketPath, heap, running, sentence };

// @ts-expect-error a script is needed
await pm.start({ port: 3000 });
// @ts-expect-error a port is a number
await pm.start({ scriptPath: "a.js", port: "3000" });
// @ts-expect-error no such field
await pm.start({ scriptPath: "a.js", prot: 3000 });
// @ts-expect-error there is no daemon in process
await manager.ensureDaemon();
