import { ZPMClient } from "./client";

export { ZpmApi } from "./api";
export { ZPMClient } from "./client";
export { ZpmError, type ZpmErrorCode } from "./errors";
export { LogStream } from "./log-stream";
export { type LogLevel, logger, type LogSink } from "./logger";
export { getSocketPath } from "./paths";
export { ProcessManager } from "./process-manager";
export { processStore, ProcessStore, type StoreListener } from "./store";
export * from "./types";
export { version } from "./version";

/** A client of the default daemon; it connects at the first call. */
export const zpm = new ZPMClient();
