// A conversation with whoever answers requests: begun when it is needed, begun
// again when it has ended, and the events that come by it.

import { EventEmitter } from "node:events";

import { checkObject, checkOptionalName } from "./check";
import { ZpmError } from "./errors";
import type { Channel } from "./native";
import type { LogSource, LogStream } from "./log-stream";
import { begun, canBeRepeated, isLost, twice, untilBack } from "./reconnect";
import { type ChannelEvents, type Message, Session } from "./session";
import type {
  ExitEvent,
  LagEvent,
  LogChunk,
  StoreRow,
  SubscribeOptions,
  Topic,
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

/** How a conversation is begun, and what becomes of it. */
interface Beginning {
  again: boolean;
  /** It is there. False: it is not wanted any more. */
  adopt(session: Session): boolean;
  /** It has ended. */
  forget(): void;
}

const NOTHING = JSON.stringify({ topics: [] } satisfies Subscription);

/** Requests and events; ZpmApi puts names to the requests. */
export abstract class Conversation extends EventEmitter {
  #session: Promise<Session> | undefined;
  #streams = new Set<LogStream>();
  /** What subscribe() asked for; undefined: whatever is listened to. */
  #asked: Subscription | undefined;
  /** What a session has been told of that, as JSON. */
  #told = new WeakMap<Session, string>();
  /** When the daemon died; undefined: it has not, or nobody listened. */
  #lostAt: number | undefined;

  constructor() {
    super();
    this.on("newListener", (event) => this.#onListener(event));
    this.on("removeListener", (event) => this.#onListener(event));
  }

  /** @internal Begins a conversation; `again`: with the next daemon that the
   * keeper of the last one starts. */
  protected abstract dial(
    events: ChannelEvents,
    again: boolean,
  ): Promise<Channel> | Channel;

  /** @internal The first words of a conversation. */
  protected async greet(_session: Session): Promise<void> {}

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
  protected async request<T>(cmd: string, keys?: object): Promise<T> {
    const ask = async () =>
      this.#ask<T>(await begun(() => this.#open()), cmd, keys);
    return canBeRepeated(cmd) ? twice(ask) : ask();
  }

  async #ask<T>(session: Session, cmd: string, keys?: object): Promise<T> {
    const subscribed = this.#tell(session);
    const reply = session.request<T>(cmd, keys);
    await Promise.all([subscribed, reply]);
    return reply;
  }

  /** @internal Ends every conversation; open calls fail with ZPM_ECLOSING. */
  protected async hangUp(): Promise<void> {
    this.#lostAt = undefined;
    for (const stream of this.#streams) void stream.return();
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

  #open(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const opening: Promise<Session> = this.#begin({
      again: false,
      adopt: () => true,
      forget: () => {
        if (this.#session === opening) this.#session = undefined;
      },
    });
    this.#session = opening;
    opening.catch(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    return opening;
  }

  async #begin({ again, adopt, forget }: Beginning): Promise<Session> {
    let begun = false;
    const session: Session = await Session.open(
      (events) => this.dial(events, again),
      (message) => this.#onEvent(message),
      (error) => {
        forget();
        if (begun) this.#onEnd(error);
      },
    );
    await this.#greet(session);
    if (!adopt(session)) {
      session.close();
      throw new ZpmError("ZPM_ECLOSING", "not wanted any more");
    }
    begun = true;
    this.#emit("connect");
    return session;
  }

  #onEnd(error: ZpmError): void {
    if (isLost(error) && this.#listens()) {
      this.#lostAt ??= performance.now();
      this.#resume(this.#lostAt).catch(() => {});
    }
    this.#emit("disconnect");
  }

  /** Begins again, unless a call does that first: the call would start a
   * daemon, this waits for one. */
  async #resume(lostAt: number): Promise<void> {
    const isWanted = () =>
      this.#session === undefined && this.#lostAt === lostAt && this.#listens();
    let mine: Promise<Session> | undefined;
    const begin = () =>
      this.#begin({
        again: true,
        adopt: (session) => {
          if (!isWanted()) return false;
          mine = this.#session = Promise.resolve(session);
          return true;
        },
        forget: () => {
          if (mine !== undefined && this.#session === mine)
            this.#session = undefined;
        },
      });
    const session = await untilBack(begin, isWanted, false);
    if (session !== undefined) await this.#tell(session);
  }

  /** @internal Where the output of apps comes from. */
  protected readonly logSource: LogSource = {
    open: (onEvent, again) => {
      const begin = async () => {
        const session = await Session.open(
          (events) => this.dial(events, again),
          onEvent,
        );
        await this.#greet(session);
        return session;
      };
      return again ? begin() : begun(begin);
    },
    add: (stream) => this.#streams.add(stream),
    remove: (stream) => this.#streams.delete(stream),
  };

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
    if (!this.#listens() && !this.talking) return;
    this.#open()
      .then((session) => this.#tell(session))
      .catch(() => {});
  }

  #listens(): boolean {
    return JSON.stringify(this.#wanted()) !== NOTHING;
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
    if (text === (this.#told.get(session) ?? NOTHING)) return;
    this.#told.set(session, text);
    const subscribed = session.request("subscribe", wanted);
    this.#tellGap();
    await subscribed;
  }

  /** What is told from now on is what happens after this. */
  #tellGap(): void {
    if (this.#lostAt === undefined) return;
    const gapMs = Math.round(performance.now() - this.#lostAt);
    this.#lostAt = undefined;
    this.#emit("reconnect", { gapMs });
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
