import {
  checkName,
  checkObject,
  checkOptions,
  checkOptionalName,
  prepareConfig,
  prepareEnv,
} from "./check";
import { Conversation } from "./conversation";
import { LogStream } from "./log-stream";
import type {
  AddOptions,
  DescribeOptions,
  DoctorCheck,
  LogOptions,
  ReloadOptions,
  StartConfig,
  StartOptions,
  StoreRow,
  WorkerConfig,
  WorkerDescription,
  WorkerStats,
} from "./types";

/**
 * The calls and events that ZPMClient and ProcessManager share: each call is
 * one request of docs/protocol.md, whoever answers it.
 *
 * Every call returns a promise. It is rejected with a ZpmError, whose `code`
 * is stable. Listening to an event asks for it; it does not keep Node running,
 * a call that has not been answered does.
 */
export abstract class ZpmApi extends Conversation {
  // ---- apps ----

  /**
   * Starts an app: a new one, or a known one (named by `config.name`), whose
   * given fields are put over what is stored. One that runs is left alone.
   * Resolves, with a sentence that says what was done, when its program runs,
   * or with `wait` when it is ready; rejects when it cannot (ZPM_ESTART).
   */
  async start(
    config: StartConfig,
    options: StartOptions = {},
  ): Promise<string> {
    checkOptions(options, ["callerEnv", "wait"]);
    return this.request<string>("start", {
      config: prepareConfig(config),
      callerEnv: prepareEnv(options.callerEnv),
      wait: options.wait,
    });
  }

  /** The same as start(). */
  startWorker(config: StartConfig, options?: StartOptions): Promise<string> {
    return this.start(config, options);
  }

  /** Makes an app known; starts it only with `autoStart`. */
  async addWorker(
    config: WorkerConfig,
    options: AddOptions = {},
  ): Promise<string> {
    checkOptions(options, ["autoStart", "callerEnv", "wait"]);
    return this.request<string>("add-worker", {
      config: prepareConfig(config),
      callerEnv: prepareEnv(options.callerEnv),
      autoStart: options.autoStart ?? false,
      wait: options.wait,
    });
  }

  /**
   * Stops an app, or all of them (`"all"`). Resolves when nothing of its
   * process tree is left.
   */
  async stop(name: string): Promise<string> {
    return this.request<string>("stop", { name: checkName("name", name) });
  }

  /**
   * Stops an app, puts `changes` over its config, and starts it. Resolves when
   * the new program runs, or with `wait` when it is ready. Without changes the
   * options may come second: `restart("api", { wait: true })`.
   */
  async restart(
    name: string,
    changes: Partial<WorkerConfig> & StartOptions = {},
    options: StartOptions = {},
  ): Promise<string> {
    checkName("name", name);
    checkObject("changes", changes);
    checkObject("options", options);
    const { wait, callerEnv, ...fields } = { ...changes, ...options };
    const keys: Record<string, unknown> = { name, wait };
    if (Object.keys(fields).length > 0) {
      const { name: _name, ...config } = prepareConfig({
        ...fields,
        name,
      }) as { name: string };
      keys.config = config;
    }
    if (callerEnv !== undefined) keys.callerEnv = prepareEnv(callerEnv);
    return this.request<string>("restart", keys);
  }

  /**
   * Replaces the processes of an app in cluster mode one after the other
   * (`parallel` at a time), or of all apps (`"all"`): each new one is ready
   * before an old one leaves, and no request is lost. Rejects when a new one
   * ends or does not become ready; the old ones go on then. An app in fork mode
   * is restarted.
   */
  async reload(name: string, options: ReloadOptions = {}): Promise<string> {
    checkOptions(options, ["parallel"]);
    const { parallel } = options;
    return this.request<string>("reload", {
      name: checkName("name", name),
      parallel,
    });
  }

  /**
   * Changes how many processes an app in cluster mode has: `4`, or `"+2"` more,
   * or `"-1"` for one less. Those that go end their connections first.
   */
  async scale(name: string, instances: number | string): Promise<string> {
    return this.request<string>("scale", {
      name: checkName("name", name),
      instances: String(instances),
    });
  }

  /** Stops an app and forgets it; its log files stay. */
  async delete(name: string): Promise<string> {
    return this.request<string>("delete", { name: checkName("name", name) });
  }

  // ---- looking ----

  /** Figures of one app, or of all in the order they were added. */
  async stats(name?: string): Promise<WorkerStats[]> {
    const keys = { name: checkOptionalName("name", name) };
    return this.request<WorkerStats[]>("stats", keys);
  }

  /** The names of all apps. */
  async list(): Promise<string[]> {
    return this.request<string[]>("list");
  }

  /** Everything that is known of an app. */
  async describe(
    name: string,
    options: DescribeOptions = {},
  ): Promise<WorkerDescription> {
    checkObject("options", options);
    const keys = { name: checkName("name", name), showEnv: options.showEnv };
    return this.request<WorkerDescription>("describe", keys);
  }

  /**
   * The config of an app, or null if there is none of that name. The values of
   * `env` are hidden unless `showEnv` is true.
   */
  async getWorkerByName(
    name: string,
    options: DescribeOptions = {},
  ): Promise<WorkerConfig | null> {
    checkObject("options", options);
    const keys = { name: checkName("name", name), showEnv: options.showEnv };
    return this.request<WorkerConfig | null>("find-worker", keys);
  }

  /** A row of every app, as processStore keeps them. */
  async getStore(): Promise<StoreRow[]> {
    return this.request<StoreRow[]>("get-store");
  }

  /** Looks whether everything is as it should be. */
  async doctor(): Promise<DoctorCheck[]> {
    return this.request<DoctorCheck[]>("doctor");
  }

  /**
   * The output of one app, or of all: some history, then (unless `follow` is
   * false) what comes, until the loop is left. When the daemon dies, it goes on
   * with the next one: nothing is left out, and nothing comes twice.
   *
   *     for await (const { text } of pm.logs("api")) process.stdout.write(text);
   */
  logs(name?: string, options: LogOptions = {}): LogStream {
    checkOptionalName("name", name);
    checkObject("options", options);
    const { lines, follow, stream } = options;
    return new LogStream(this.logSource, { name, lines, follow, stream });
  }
}
