// A thin ESM face over the one implementation, so that `import` and `require`
// share the addon, the enums and the classes.
export {
  getSocketPath,
  logger,
  LogStream,
  processStore,
  ProcessManager,
  ProcessStore,
  version,
  WorkerMode,
  WorkerStatus,
  zpm,
  ZpmApi,
  ZPMClient,
  ZpmError,
} from "./index.js";
export type * from "./index.js";
