import { EventEmitter } from "node:events";

import {
  checkName,
  checkObject,
  checkOptionalName,
  prepareConfig,
  prepareEnv,
} from "./check";
import { ZpmError } from "./errors";
import { LogStream } from "./log-stream";
import type { Channel } from "./native";
import { type ChannelEvents, type Message, Session } from "./session";
import type {
  AddOptions,
  DescribeOptions,
  DoctorCheck,
  ExitEvent,
  LagEvent,
  LogChunk,
  LogOptions,
  StartConfig,
  StartOptions,
  StoreRow,
  SubscribeOptions,
  Topic,
  WorkerConfig,
  WorkerDescription,
  WorkerStats,
  ZpmEvents,
} from "./types";

const TOPICS: readonly Topic[] = ["app", "exit", "log"];
/** Which topic brings which event. */
const TOPIC_OF: Partial<Record<string | symbol, Topic>> = {
  app: "app",
  delete: "app",
  exit: "exit",
  log: "log",
};

interface Subscription {
  topics: Topic[];
  name?: string;
}

/**
 * The calls and events that ZPMClient and ProcessManager share: each call is
 * one request of docs/protocol.md, whoever answers it.
 *
 * Every call returns a promise. It is rejected with a ZpmError, whose `code`
 * is stable. Listening to an event asks for it; it does not keep Node running,
 * a call that has not been answered does.
 */
export abstract class ZpmApi extends EventEmitter {
  #session: Promise<Session> | undefined;
  #streams = new Set<Session>();
  /** What subscribe() asked for; undefined: whatever is listened to. */
  #asked: Subscription | undefined;
  /** What the current session has been told, as JSON. */
  #told = NOTHING;

  constructor() {
    super();
    this.on("newListener", (event) => this.#onListener(event));
    this.on("removeListener", (event) => this.#onListener(event));
  }

  /** @internal Begins a conversation. */
  protected abstract dial(events: ChannelEvents): Promise<Channel> | Channel;

  /** @internal The first words of a conversation. */
  protected async greet(_session: Session): Promise<void> {}

  // ---- apps ----

  /**
   * Starts an app: a new one, or a known one (named by `config.name`), whose
   * given fields are put over what is stored. One that runs is left alone.
   * Resolves, with a sentence that says what was done, when its program runs;
   * rejects when it cannot (ZPM_ESTART).
   */
  async start(
    config: StartConfig,
    options: StartOptions = {},
  ): Promise<string> {
    checkObject("options", options);
    return this.#sentence("start", {
      config: prepareConfig(config),
      callerEnv: prepareEnv(options.callerEnv),
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
    checkObject("options", options);
    return this.#sentence("add-worker", {
      config: prepareConfig(config),
      callerEnv: prepareEnv(options.callerEnv),
      autoStart: options.autoStart ?? false,
    });
  }

  /**
   * Stops an app, or all of them (`"all"`). Resolves when nothing of its
   * process tree is left.
   */
  async stop(name: string): Promise<string> {
    return this.#sentence("stop", { name: checkName("name", name) });
  }

  /**
   * Stops an app, puts `changes` over its config, and starts it. Resolves when
   * the new program runs.
   */
  async restart(
    name: string,
    changes?: Partial<WorkerConfig>,
    options: StartOptions = {},
  ): Promise<string> {
    checkName("name", name);
    checkObject("options", options);
    const keys: Record<string, unknown> = { name };
    if (changes !== undefined) {
      checkObject("changes", changes);
      const { name: _name, ...config } = prepareConfig({
        ...changes,
        name,
      }) as { name: string };
      keys.config = config;
    }
    if (options.callerEnv !== undefined)
      keys.callerEnv = prepareEnv(options.callerEnv);
    return this.#sentence("restart", keys);
  }

  /** Stops an app and forgets it; its log files stay. */
  async delete(name: string): Promise<string> {
    return this.#sentence("delete", { name: checkName("name", name) });
  }

  // ---- looking ----

  /** Figures of one app, or of all in the order they were added. */
  async stats(name?: string): Promise<WorkerStats[]> {
    const keys = { name: checkOptionalName("name", name) };
    return (await this.request("stats", keys)) as WorkerStats[];
  }

  /** The names of all apps. */
  async list(): Promise<string[]> {
    return (await this.request("list")) as string[];
  }

  /** Everything that is known of an app. */
  async describe(
    name: string,
    options: DescribeOptions = {},
  ): Promise<WorkerDescription> {
    checkObject("options", options);
    const keys = { name: checkName("name", name), showEnv: options.showEnv };
    return (await this.request("describe", keys)) as WorkerDescription;
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
    return (await this.request("find-worker", keys)) as WorkerConfig | null;
  }

  /** A row of every app, as processStore keeps them. */
  async getStore(): Promise<StoreRow[]> {
    return (await this.request("get-store")) as StoreRow[];
  }

  /** Looks whether everything is as it should be. */
  async doctor(): Promise<DoctorCheck[]> {
    return (await this.request("doctor")) as DoctorCheck[];
  }

  /**
   * The output of one app, or of all: some history, then (unless `follow` is
   * false) what comes, until the loop is left.
   *
   *     for await (const { text } of pm.logs("api")) process.stdout.write(text);
   */
  logs(name?: string, options: LogOptions = {}): LogStream {
    checkOptionalName("name", name);
    checkObject("options", options);
    const { lines, follow, stream } = options;
    return new LogStream((onEvent) => this.#openStream(onEvent), {
      name,
      lines,
      follow,
      stream,
    });
  }

  // ---- events ----

  /**
   * Chooses the events that come, instead of those that are listened to: of
   * these topics, and of one app if it is named. Replaces what was asked for
   * before; no topics: none.
   */
  async subscribe(
    topics: readonly Topic[],
    options: SubscribeOptions = {},
  ): Promise<void> {
    checkObject("options", options);
    if (!Array.isArray(topics))
      throw new ZpmError("ZPM_EARG", "topics must be an array of strings");
    const name = checkOptionalName("options.name", options.name);
    const before = this.#asked;
    this.#asked = { topics: [...(topics as Topic[])], name };
    try {
      await this.request("ping");
    } catch (error) {
      this.#asked = before;
      throw error;
    }
  }

  override on<E extends keyof ZpmEvents>(
    event: E,
    listener: (...args: ZpmEvents[E]) => void,
  ): this;
  override on(event: string | symbol, listener: (...args: any[]) => void): this;
  override on(
    event: string | symbol,
    listener: (...args: any[]) => void,
  ): this {
    return super.on(event, listener);
  }

  override once<E extends keyof ZpmEvents>(
    event: E,
    listener: (...args: ZpmEvents[E]) => void,
  ): this;
  override once(
    event: string | symbol,
    listener: (...args: any[]) => void,
  ): this;
  override once(
    event: string | symbol,
    listener: (...args: any[]) => void,
  ): this {
    return super.once(event, listener);
  }

  // ---- conversations ----

  /** @internal One request, one reply. */
  protected async request(cmd: string, keys?: object): Promise<unknown> {
    const session = await this.#open();
    const subscribed = this.#tell(session);
    const reply = session.request(cmd, keys);
    await Promise.all([subscribed, reply]);
    return reply;
  }

  /** @internal Ends every conversation; open calls fail with ZPM_ECLOSING. */
  protected async hangUp(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    const session = this.#session;
    this.#session = undefined;
    await session?.then(
      (open) => open.close(),
      () => {},
    );
  }

  /** @internal Whether a conversation is open, or being opened. */
  protected get talking(): boolean {
    return this.#session !== undefined;
  }

  async #sentence(cmd: string, keys: object): Promise<string> {
    return (await this.request(cmd, keys)) as string;
  }

  #open(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const opening: Promise<Session> = this.#begin(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    this.#session = opening;
    opening.catch(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    return opening;
  }

  async #begin(onEnd: () => void): Promise<Session> {
    let begun = false;
    const session = await Session.open(
      (events) => this.dial(events),
      (message) => this.#onEvent(message),
      () => {
        onEnd();
        if (begun) this.#emit("disconnect");
      },
    );
    this.#told = NOTHING;
    await this.#greet(session);
    begun = true;
    this.#emit("connect");
    return session;
  }

  async #openStream(onEvent: (message: Message) => void): Promise<Session> {
    const session: Session = await Session.open(
      (events) => this.dial(events),
      onEvent,
      () => this.#streams.delete(session),
    );
    this.#streams.add(session);
    await this.#greet(session);
    return session;
  }

  async #greet(session: Session): Promise<void> {
    try {
      await this.greet(session);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  // ---- events ----

  #onListener(event: string | symbol): void {
    if (TOPIC_OF[event] !== undefined) queueMicrotask(() => this.#listen());
  }

  /** Asks for what is listened to by now. A call that follows would tell if
   * that cannot be had. */
  #listen(): void {
    if (JSON.stringify(this.#wanted()) === NOTHING && !this.talking) return;
    this.#open()
      .then((session) => this.#tell(session))
      .catch(() => {});
  }

  #wanted(): Subscription {
    if (this.#asked !== undefined) return this.#asked;
    const heard = new Set(
      this.eventNames()
        .map((event) => TOPIC_OF[event])
        .filter((topic) => topic !== undefined),
    );
    return { topics: TOPICS.filter((topic) => heard.has(topic)) };
  }

  /** Subscribes anew if what is wanted has changed. */
  async #tell(session: Session): Promise<void> {
    const wanted = this.#wanted();
    const text = JSON.stringify(wanted);
    if (text === this.#told) return;
    this.#told = text;
    await session.request("subscribe", wanted);
  }

  #onEvent({ event, name = "", stream = "out", data }: Message): void {
    if (event === "app") this.#emit("app", data as StoreRow);
    else if (event === "delete") this.#emit("delete", name);
    else if (event === "exit")
      this.#emit("exit", { ...(data as ExitEvent), name });
    else if (event === "log")
      this.#emit("log", { name, stream, text: data as string } as LogChunk);
    else if (event === "lag") this.#emit("lag", data as LagEvent);
  }

  /** A listener that throws is its own fault alone: the rest goes on first. */
  #emit<E extends keyof ZpmEvents>(event: E, ...args: ZpmEvents[E]): void {
    try {
      this.emit(event, ...args);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

const NOTHING = JSON.stringify({ topics: [] } satisfies Subscription);
