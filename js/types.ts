// Every type of the API. Times are in milliseconds and sizes in bytes unless a
// name says otherwise.

import type { WorkerConfig, WorkerMode } from "./config";

export * from "./config";

/** What an app, or one process of it, is doing. */
export enum WorkerStatus {
  /** Not running, and not to be. */
  Stopped = "stopped",
  /** Its program is being started, or is not ready yet; see `pending`. */
  Starting = "starting",
  Running = "running",
  /** It was asked to end, and something of its process tree still lives. */
  Stopping = "stopping",
  /** It ended badly and waits for its next try; see `nextTryIn`. */
  Crashed = "crashed",
  /** It cannot start, or crashed at once: it waits for a command, or for a file
   * to change. */
  Errored = "errored",
}

/** A new app, or new fields for a known one, which is then named. */
export type StartConfig =
  WorkerConfig | (Partial<WorkerConfig> & { name: string });

export interface ReloadOptions {
  /** How many processes are replaced at a time. Default 1. */
  parallel?: number;
}

export interface StartOptions {
  /** The environment that `config.env` is put over. Default `process.env`. */
  callerEnv?: NodeJS.ProcessEnv;
  /**
   * Resolve when the app is ready: its readiness probes have passed and, with
   * `waitReady`, it has said so. Reject when it has failed. Default false:
   * resolve as soon as its program runs. An app that has neither is ready then.
   */
  wait?: boolean;
}

export interface AddOptions extends StartOptions {
  /** Start it as well. Default false. */
  autoStart?: boolean;
}

export interface DescribeOptions {
  /** Show the values of environment variables, too. Default false. */
  showEnv?: boolean;
}

/** One process slot of an app. */
export interface WorkerInstance {
  /** 0, 1, 2, … */
  instance: number;
  status: WorkerStatus;
  /** null: there is no process. */
  pid: number | null;
  /** Milliseconds; null: not running. */
  uptime: number | null;
  /** Crashes in a row; 0 again once it is stable. */
  restartCount: number;
  /** Restarts in its life, by hand or not. */
  totalRestarts: number;
  /** Per cent of one core, of the whole process tree. */
  cpu: number;
  /** Resident bytes of the whole process tree. */
  memoryRss: number;
  /** Bytes of JavaScript heap; null: not a Node program, or not known. */
  memoryHeap: number | null;
  /**
   * How long its event loop took to answer, in milliseconds; null: not a Node
   * program, or not known.
   */
  eventLoopLag: number | null;
  /** Connections that zpm has handed to it; null: not in cluster mode. */
  connections: number | null;
  /** How many processes its tree has. */
  processes: number;
  /** Milliseconds until the next start while crashed, else null. */
  nextTryIn: number | null;
  /** How often its liveness probe has failed in a row. */
  probeFailures: number;
  /** A process of it survives SIGKILL: the kernel does not let it end. */
  stuck: boolean;
}

/** The figures of an app: sums over its workers where that makes sense. */
export interface WorkerStats extends Omit<
  WorkerInstance,
  "instance" | "eventLoopLag" | "connections"
> {
  name: string;
  mode: WorkerMode;
  instances: number;
  scriptPath: string;
  cwd: string;
  port: number | null;
  /** While starting: what it waits for, for people; else null. */
  pending: string | null;
  /** What went wrong last, for people; null: nothing. */
  lastError: string | null;
  /** null: it has not ended yet, or a signal ended it. */
  lastExitCode: number | null;
  /** "SIGKILL", …; null: it has not ended yet, or by itself. */
  lastExitSignal: string | null;
  /** The last complete line that it wrote; "" if none. */
  lastLog: string;
  workers: WorkerInstance[];
}

/**
 * What made a process end: `itself`; `asked`, by a command; `renewed`, for a
 * changed file, a schedule or too much memory; `unhealthy`, by its liveness
 * probe; `not-ready`, in time; `out-of-memory`, killed by the kernel.
 */
export type ExitCause =
  "itself" | "asked" | "renewed" | "unhealthy" | "not-ready" | "out-of-memory";

/** How a process of an app ended. */
export interface LastExit {
  /** null: a signal ended it, or nobody knows. */
  code: number | null;
  /** "SIGKILL", …; null: it ended by itself. */
  signal: string | null;
  cause: ExitCause;
  /** When: milliseconds since 1970. */
  at: number;
  /** How long that process had run, in milliseconds. */
  uptime: number;
}

/** The same with what was known of it. */
export interface PastExit extends LastExit {
  /** A sentence; null: nothing is known but the above. */
  reason: string | null;
  /** The last lines of its standard error. */
  lines: string[];
}

/** Everything that is known of an app. */
export interface WorkerDescription extends WorkerStats {
  config: WorkerConfig;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** The newest of `exits`. */
  lastExit: LastExit | null;
  /** How its last processes ended, newest first. */
  exits: PastExit[];
  logFiles: { out: string; err: string };
  /** Of its caller: names only, or with `showEnv` an object of values. */
  environment: string[] | Record<string, string> | null;
  /** Output that could not be written to its log file, in bytes. */
  droppedLogBytes: number;
}

/** An app as the store has it: what changes without being measured. */
export interface StoreRow {
  name: string;
  status: WorkerStatus;
  scriptPath: string;
  cwd: string;
  /** How many processes of it run. */
  childrenCount: number;
  pids: number[];
  restartCount: number;
  /** The last or next wait before a restart, in milliseconds; 0: none. */
  backoffTime: number;
  isRestarting: boolean;
  /** How often its liveness probe has failed in a row. */
  probeFailures: number;
  lastError: string | null;
  lastExitCode: number | null;
}

/** One thing that `doctor` looked at. */
export interface DoctorCheck {
  check: string;
  ok: boolean;
  text: string;
  /** What to do about it, or what would be better still. */
  advice?: string;
}

export interface LogOptions {
  /** How many lines of history come first. Default 20. */
  lines?: number;
  /** Go on with live output. Default true; false: history only. */
  follow?: boolean;
  /** Only this stream. Default both. */
  stream?: "out" | "err";
}

/** A piece of an app's output: whole lines or parts of them, as it came. */
export interface LogChunk {
  /** The app. */
  name: string;
  stream: "out" | "err";
  text: string;
}

/** A process of an app ended. */
export interface ExitEvent {
  name: string;
  /** null: a signal ended it. */
  code: number | null;
  /** "SIGKILL", …; null: it ended by itself. */
  signal: string | null;
  /** null: not known. */
  cause: ExitCause | null;
  /** How long it had run, in milliseconds. */
  uptime: number;
}

/** What a slow listener missed; the log files have all of it. */
export interface LagEvent {
  /** Bytes of output. */
  dropped: number;
  /** Other events. */
  events?: number;
}

/** The daemon had died, and the next one is there. */
export interface ReconnectEvent {
  /** For so long, in milliseconds, nothing was told: look, if that matters. */
  gapMs: number;
}

/** What can be listened to with `on`, and what a listener is given. */
export interface ZpmEvents {
  /** An app was added, or something of it changed. */
  app: [row: StoreRow];
  /** An app is known no more. */
  delete: [name: string];
  exit: [event: ExitEvent];
  /** An app wrote something. */
  log: [chunk: LogChunk];
  /** This program was too slow, so something was left out here. */
  lag: [event: LagEvent];
  /** A conversation with the daemon (or the supervisor in process) began. */
  connect: [];
  /** It ended; the next call begins a new one. */
  disconnect: [];
  /** It had ended because the daemon died, and was begun again by itself, for
   * those who listen. A daemon that was told to end is not waited for. */
  reconnect: [event: ReconnectEvent];
}

/** What `subscribe` can ask for; `app` brings `delete` as well. */
export type Topic = "app" | "exit" | "log";

export interface SubscribeOptions {
  /** Only of this app. Default: of all. */
  name?: string;
}

/** Where zpm keeps its things; each may come from the environment. */
export interface ZpmOptions {
  /** Default: ZPM_HOME, else `~/.zpm`. */
  home?: string;
  /** Apps of different namespaces do not see each other. */
  namespace?: string;
}
