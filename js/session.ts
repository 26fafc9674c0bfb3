// One conversation: requests with their replies, and events, over one channel.

import { toZpmError, ZpmError } from "./errors";
import type { Channel } from "./native";

/** A reply or an event: one line of docs/protocol.md. */
export interface Message {
  id?: number;
  ok?: boolean;
  data?: unknown;
  end?: boolean;
  error?: string;
  code?: string;
  event?: string;
  name?: string;
  stream?: "out" | "err";
  /** Where a piece of output ends. */
  at?: string;
}

/** What a channel is given to speak to. */
export interface ChannelEvents {
  lines(text: string): void;
  ended(error: ZpmError): void;
}

export type Connect = (events: ChannelEvents) => Promise<Channel> | Channel;

interface Waiting {
  /** Every reply with this id, or the error that ended the conversation. */
  reply(message: Message): void;
  fail(error: ZpmError): void;
}

/** The daemon is gone, and has not said that it would. */
export function lost(): ZpmError {
  return new ZpmError(
    "ZPM_ELOST",
    "the daemon ended before it answered: look whether that was done before you ask for it again",
  );
}

export class Session {
  #channel!: Channel;
  #waiting = new Map<number, Waiting>();
  #holds = 0;
  #nextId = 1;
  #ended: ZpmError | undefined;
  #onEvent: (message: Message) => void;
  #onEnd: (error: ZpmError) => void;

  /** `onEnd` is called when it ends, by itself or by close(). */
  static async open(
    connect: Connect,
    onEvent: (message: Message) => void,
    onEnd: (error: ZpmError) => void = () => {},
  ): Promise<Session> {
    const session = new Session(onEvent, onEnd);
    try {
      session.#channel = await connect({
        lines: (text) => session.#onLines(text),
        ended: (error) => session.#end(error),
      });
    } catch (error) {
      throw toZpmError(error);
    }
    return session;
  }

  private constructor(
    onEvent: (message: Message) => void,
    onEnd: (error: ZpmError) => void,
  ) {
    this.#onEvent = onEvent;
    this.#onEnd = onEnd;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** One request, one reply. */
  async request<T>(cmd: string, keys: object = {}): Promise<T> {
    const reply = await this.hold(
      new Promise<Message>((resolve, reject) => {
        const id = this.stream(cmd, keys, {
          reply: (message) => {
            this.#waiting.delete(id);
            resolve(message);
          },
          fail: reject,
        });
      }),
    );
    return reply.data as T;
  }

  /** One request, any number of replies. Returns its id. */
  stream(cmd: string, keys: object, waiting: Waiting): number {
    const id = this.#nextId++;
    if (this.#ended !== undefined) {
      waiting.fail(this.#ended);
      return id;
    }
    this.#waiting.set(id, waiting);
    try {
      this.#channel.send(JSON.stringify({ id, cmd, ...keys }));
    } catch {
      this.#end(lost());
    }
    return id;
  }

  /** Keeps Node running until the promise is settled. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    if (this.#holds++ === 0) this.#channel.ref();
    try {
      return await promise;
    } finally {
      if (--this.#holds === 0) this.#channel.unref();
    }
  }

  close(): void {
    this.#end(
      new ZpmError("ZPM_ECLOSING", "closed before there was an answer"),
    );
  }

  #onLines(text: string): void {
    let from = 0;
    while (from < text.length && this.#ended === undefined) {
      let to = text.indexOf("\n", from);
      if (to < 0) to = text.length;
      if (to > from)
        this.#onMessage(JSON.parse(text.slice(from, to)) as Message);
      from = to + 1;
    }
  }

  #onMessage(message: Message): void {
    if (message.event === "shutdown") {
      this.#end(
        new ZpmError("ZPM_EDAEMON", "the daemon was told to end, and has"),
      );
      return;
    }
    if (message.event !== undefined) {
      this.#onEvent(message);
      return;
    }
    const waiting =
      message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (message.ok) waiting?.reply(message);
    else this.#fail(message, waiting);
  }

  /** An error without an id is about the conversation itself. */
  #fail({ id, code, error }: Message, waiting: Waiting | undefined): void {
    const failure = new ZpmError(code ?? "ZPM_EIO", error ?? "failed");
    if (id === undefined) {
      this.#end(failure);
      return;
    }
    this.#waiting.delete(id);
    waiting?.fail(failure);
  }

  #end(error: ZpmError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#channel?.close();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.fail(error);
    this.#onEnd(error);
  }
}
