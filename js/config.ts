// What can be said of an app: the fields of the one table in C, with the same
// names, defaults and units. Times are in milliseconds and sizes in bytes unless
// a name says otherwise.

/** How an app runs. The values are those of the protocol. */
export enum WorkerMode {
  /** One process. The default. */
  Fork = "fork",
  /** Several processes of a Node program, on the same ports. */
  Cluster = "cluster",
}

/** Files of an app's output. */
export interface LogConfig {
  /**
   * A file is rotated when it has this size, in bytes or as `"10M"`; 0: never.
   * Default 10485760.
   */
  maxSizeBytes?: number | string;
  /** How many rotated files are kept. Default 5. */
  maxFiles?: number;
  /** Put the time before each line. Default false. */
  timestamps?: boolean;
  /** `raw`: as the program wrote it; `json`: one object a line. Default `raw`. */
  format?: "raw" | "json";
}

/** How to ask an app how it is. */
export interface ProbeConfig {
  /** A request by HTTP (or HTTPS), a connection, or a command. */
  type: "http" | "https" | "tcp" | "exec";
  /** A URL; `host:port`, `:port` or a port; a command line for the shell. */
  target: string;
  /**
   * `liveness` (default): the app is restarted when it fails. `readiness`: the
   * app is starting until it passes.
   */
  kind?: "liveness" | "readiness";
  /** From the end of one try to the next. Default 10 seconds; at least 0.1. */
  intervalSeconds?: number;
  /** The longest that one try may take. Default 5 seconds; at least 0.1. */
  timeoutSeconds?: number;
  /** Failures in a row that mean that it fails. Default 3. */
  failureThreshold?: number;
  /** Successes in a row that mean that it passes. Default 1. */
  successThreshold?: number;
  /**
   * Wait before the first try; of a liveness probe, from when the app is
   * ready. Default 0 seconds.
   */
  initialDelaySeconds?: number;
  /** `http`: the status that it has to answer with. Default: any below 500. */
  expectStatus?: number | false;
  /** `https`: any certificate will do. Default false. */
  insecure?: boolean;
}

/** One limit: a number, a size such as `"2G"`, or none. */
export type Limit = number | "unlimited" | (string & {});

/** Limits of setrlimit: one for both, or the soft and the hard one. */
export interface ResourceLimits {
  /** Bytes of address space. */
  as?: Limit | [Limit, Limit];
  /** Bytes of a core dump. */
  core?: Limit | [Limit, Limit];
  /** Seconds of CPU time. */
  cpu?: Limit | [Limit, Limit];
  /** Bytes of data. */
  data?: Limit | [Limit, Limit];
  /** Bytes of a file that is written. */
  fsize?: Limit | [Limit, Limit];
  /** Bytes of locked memory. */
  memlock?: Limit | [Limit, Limit];
  /** Open files. */
  nofile?: Limit | [Limit, Limit];
  /** Processes of its user. */
  nproc?: Limit | [Limit, Limit];
  /** Bytes of stack. */
  stack?: Limit | [Limit, Limit];
}

/**
 * What can be said of an app. Only `scriptPath` must be. Where `false` is
 * possible, it turns off what was given before.
 */
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
  /**
   * Given to the program as PORT in its environment; who else listens on it is
   * ended before the start (clearPort).
   */
  port?: number;
  /** What runs the script. Default `auto`: chosen by its extension. */
  interpreter?: "auto" | "node" | "python3" | "bash" | "custom";
  /** The program that runs the script; makes the interpreter `custom`. */
  interpreterCommand?: string;
  /** Arguments of the interpreter, before the script. */
  interpreterArgs?: string[];
  /** Default `WorkerMode.Fork`. */
  mode?: WorkerMode | "fork" | "cluster";
  /**
   * How many processes, in cluster mode. Default `"max"`: one per CPU core; -1:
   * one less.
   */
  instances?: number | "max";
  /**
   * Who takes a connection, in cluster mode. `rr`: in turn, whoever has the
   * fewest in hand. `reuseport`: by chance, past the daemon. `auto` (default):
   * `rr`, and `reuseport` while there are many. `shared`: whoever is first.
   */
  scheduling?: "auto" | "rr" | "reuseport" | "shared";
  /**
   * The longest that open connections may take to end when a reload replaces
   * their process. Default 10000 ms.
   */
  drainTimeout?: number;
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
  /** Node apps: how process.send() writes what it sends. Default `json`. */
  serialization?: "json" | "advanced";
  /**
   * Node apps: a stop begins with the IPC message `"shutdown"`. Default false.
   */
  shutdownMessage?: boolean;

  /** How to ask it how it is; up to 8. Default: it is not asked. */
  probe?: ProbeConfig | ProbeConfig[] | false;
  /**
   * Node apps: restart when the event loop has not answered for this long, in
   * seconds, at least 1; 0 (default): it is not asked.
   */
  eventLoopTimeoutSeconds?: number | false;
  /**
   * It is starting until it says that it is ready: by `process.send("ready")`,
   * `READY=1` to NOTIFY_SOCKET, or by listening on `port`. Default false.
   */
  waitReady?: boolean;
  /** The longest that it may take to become ready. Default 30000 ms. */
  readyTimeout?: number;

  /** Restart when a file below the script's folder changes. Default false. */
  devMode?: boolean;
  /**
   * Restart when one of these files or folders changes; `true`: the script's
   * folder. Default false. A relative path is taken from the current directory
   * of the caller.
   */
  watch?: boolean | string[];
  /** What is not watched, as in .gitignore. */
  ignoreWatch?: string[] | false;
  /** Run before a restart on change; if it fails, the app goes on as it is. */
  reloadCommand?: string | false;

  /** Run as this user, with its groups. Default: as the daemon. */
  user?: string | false;
  /** Run as the user of this number; not together with `user`. */
  uid?: number | false;
  /** Run in the group of this number. Default: that of the user. */
  gid?: number | false;
  /** Permissions that new files do not get. Text is octal: `"022"`. */
  umask?: string | number | false;
  /** Priority: -20 to 19, which gives way to everything. */
  nice?: number | false;
  /** Limits of setrlimit. */
  rlimits?: ResourceLimits | false;
  /**
   * Restart when its process tree has more memory than this, in bytes or as
   * `"200M"`. Default 0: no limit.
   */
  maxMemory?: number | string | false;
  /**
   * Restart at these times: minute, hour, day, month and weekday, as in
   * `"0 4 * * *"`, or `"@daily"` and the like.
   */
  cron?: string | false;
  /**
   * A .env file, read at every start; `env` is put over it. A relative path is
   * taken from the current directory of the caller.
   */
  envFile?: string | false;
  /**
   * End what listens on `port` before the start. Default true; false: do not
   * start then.
   */
  clearPort?: boolean;
}
