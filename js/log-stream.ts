// The async iterator that logs() returns.

import { ZpmError } from "./errors";
import type { Message, Session } from "./session";
import type { LogChunk } from "./types";

/** Text that may wait for a slow reader, in characters; more is left out. */
const WAITING_MAX = 4 * 1024 * 1024;

type Result = IteratorResult<LogChunk, undefined>;

interface Reader {
  resolve(result: Result): void;
  reject(error: ZpmError): void;
}

const DONE: Result = { done: true, value: undefined };

/**
 * Its conversation is its own: it begins with the first next() and ends with
 * return() (leaving a `for await` calls that), so nothing of one reader gets
 * into the way of another. Node keeps running only while a next() waits.
 */
export class LogStream implements AsyncIterableIterator<LogChunk> {
  #open: (onEvent: (message: Message) => void) => Promise<Session>;
  #request: object;
  #session: Promise<Session> | undefined;
  #chunks: LogChunk[] = [];
  #waiting = 0;
  #dropped = 0;
  #readers: Reader[] = [];
  #done = false;
  #error: ZpmError | undefined;

  constructor(
    open: (onEvent: (message: Message) => void) => Promise<Session>,
    request: object,
  ) {
    this.#open = open;
    this.#request = request;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    if (this.#session === undefined && !this.#done)
      this.#session = this.#begin();
    let session: Session | undefined;
    try {
      session = await this.#session;
    } catch (error) {
      this.#session = undefined;
      this.#done = true;
      throw error;
    }
    const result = this.#take();
    return session === undefined ? result : session.hold(result);
  }

  async return(): Promise<Result> {
    this.#finish(undefined);
    return DONE;
  }

  async #begin(): Promise<Session> {
    const session = await this.#open((message) => this.#onEvent(message));
    session.stream("logs", this.#request, {
      reply: (message) => this.#onReply(message),
      fail: (error) =>
        this.#finish(error.code === "ZPM_ECLOSING" ? undefined : error),
    });
    if (this.#done) session.close();
    return session;
  }

  #onReply(message: Message): void {
    const { data, name = "", stream = "out", end } = message;
    if (typeof data === "string" && data !== "")
      this.#push({ name, stream, text: data });
    if (end) this.#finish(undefined);
  }

  #onEvent({ event, data }: Message): void {
    if (event === "lag") this.#dropped += (data as { dropped: number }).dropped;
  }

  #push(chunk: LogChunk): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: chunk });
    } else if (this.#waiting + chunk.text.length > WAITING_MAX) {
      this.#dropped += Buffer.byteLength(chunk.text);
    } else {
      this.#tellGap();
      this.#waiting += chunk.text.length;
      this.#chunks.push(chunk);
    }
  }

  #take(): Promise<Result> {
    if (this.#chunks.length === 0) this.#tellGap();
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#waiting -= chunk.text.length;
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#done) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  /** Says where output was left out. */
  #tellGap(): void {
    if (this.#dropped === 0) return;
    const text = `[zpm: ${this.#dropped} bytes of output were left out here: the reader is too slow; the log file has them]\n`;
    this.#dropped = 0;
    this.#waiting += text.length;
    this.#chunks.push({ name: "", stream: "err", text });
  }

  #finish(error: ZpmError | undefined): void {
    if (this.#done) return;
    this.#done = true;
    void this.#session?.then(
      (session) => session.close(),
      () => {},
    );
    const [first, ...others] = this.#readers.splice(0);
    if (first !== undefined && error !== undefined) first.reject(error);
    else {
      first?.resolve(DONE);
      this.#error = error;
    }
    for (const reader of others) reader.resolve(DONE);
  }
}
