// Every type of the API. Times are in milliseconds and sizes in bytes unless a
// name says otherwise.

/** How an app runs. The values are those of the protocol. */
export enum WorkerMode {
  /** One process. The default. */
  Fork = "fork",
  /** Several processes behind one port. Not available in this version yet. */
  Cluster = "cluster",
}

/** What an app, or one process of it, is doing. */
export enum WorkerStatus {
  /** Not running, and not to be. */
  Stopped = "stopped",
  /** Its program is being started. */
  Starting = "starting",
  Running = "running",
  /** It was asked to end, and something of its process tree still lives. */
  Stopping = "stopping",
  /** It ended badly and waits for its next try; see `nextTryIn`. */
  Crashed = "crashed",
  /** It cannot start, or crashed at once: it waits for a command. */
  Errored = "errored",
}

/** Files of an app's output. */
export interface LogConfig {
  /** A file is rotated when it has this size; 0: never. Default 10485760. */
  maxSizeBytes?: number;
  /** How many rotated files are kept. Default 5. */
  maxFiles?: number;
  /** Put the time before each line. Default false. */
  timestamps?: boolean;
  /** `raw`: as the program wrote it; `json`: one object a line. Default `raw`. */
  format?: "raw" | "json";
}

/** A liveness probe. Not available in this version yet: `start` refuses it. */
export interface ProbeConfig {
  type: "http" | "tcp" | "exec";
  target: string;
  intervalSeconds?: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
}

/** What can be said of an app. Only `scriptPath` must be. */
export interface WorkerConfig {
  /** What it is called in every other call. Default: the script's base name. */
  name?: string;
  /**
   * The program: a script, an executable, or (without a slash) a command that
   * is searched for in `node_modules/.bin` and PATH. A relative path is taken
   * from the current directory of the caller.
   */
  scriptPath: string;
  /** Arguments of the program. */
  args?: string[];
  /** The folder it runs in. Default: the current directory of the caller. */
  cwd?: string;
  /** Environment variables, put over those of the caller. */
  env?: Record<string, string | number | boolean>;
  /** Given to the program as PORT in its environment. */
  port?: number;
  /** What runs the script. Default `auto`: chosen by its extension. */
  interpreter?: "auto" | "node" | "python3" | "bash" | "custom";
  /** The program that runs the script; makes the interpreter `custom`. */
  interpreterCommand?: string;
  /** Arguments of the interpreter, before the script. */
  interpreterArgs?: string[];
  /** Default `WorkerMode.Fork`. */
  mode?: WorkerMode | "fork" | "cluster";
  /** How many processes, in cluster mode. Default 1. */
  instances?: number;
  /** From the stop signal to SIGKILL. Default 5000 ms. */
  killTimeout?: number;
  /** The signal that asks it to stop. Default SIGTERM. */
  killSignal?: NodeJS.Signals | number;
  /** Wait before the first restart after a crash; doubles. Default 1000 ms. */
  minBackoff?: number;
  /** The longest wait before a restart. Default 16000 ms. */
  maxBackoff?: number;
  /** `true` (default): after a crash; `"always"`: after exit code 0 as well. */
  autorestart?: boolean | "always";
  /**
   * A crash within 1.5 s: `hold` waits for you, `retry` tries again, `auto`
   * (default) holds unless this build has run well before.
   */
  immediateCrash?: "auto" | "hold" | "retry";
  logs?: LogConfig;
  /** Restart on file changes. Not available in this version: `true` is refused. */
  devMode?: boolean;
  /** Not available in this version: refused. */
  probe?: ProbeConfig;
}

/** A new app, or new fields for a known one, which is then named. */
export type StartConfig =
  WorkerConfig | (Partial<WorkerConfig> & { name: string });

export interface StartOptions {
  /** The environment that `config.env` is put over. Default `process.env`. */
  callerEnv?: NodeJS.ProcessEnv;
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
  /** How many processes its tree has. */
  processes: number;
  /** Milliseconds until the next start while crashed, else null. */
  nextTryIn: number | null;
}

/** The figures of an app: sums over its workers where that makes sense. */
export interface WorkerStats extends Omit<WorkerInstance, "instance"> {
  name: string;
  mode: WorkerMode;
  instances: number;
  scriptPath: string;
  cwd: string;
  port: number | null;
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

export interface LastExit {
  code: number | null;
  signal: string | null;
  /** When: milliseconds since 1970. */
  at: number;
  /** How long that process had run, in milliseconds. */
  uptime: number;
}

/** Everything that is known of an app. */
export interface WorkerDescription extends WorkerStats {
  config: WorkerConfig;
  /** Milliseconds since 1970. */
  createdAt: number;
  lastExit: LastExit | null;
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
  probeFailures: number;
  lastError: string | null;
  lastExitCode: number | null;
}

/** One thing that `doctor` looked at. */
export interface DoctorCheck {
  check: string;
  ok: boolean;
  text: string;
  /** What to do about it. */
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
