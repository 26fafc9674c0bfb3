// The async iterator that logs() returns.

import type { ZpmError } from "./errors";
import { isLost, untilBack } from "./reconnect";
import type { Message, Session } from "./session";
import type { LogChunk } from "./types";

/** Text that may wait for a slow reader, in characters; more is left out. */
const WAITING_MAX = 4 * 1024 * 1024;

type Result = IteratorResult<LogChunk, undefined>;

interface Reader {
  resolve(result: Result): void;
  reject(error: ZpmError): void;
  result: Promise<Result>;
}

/** Whoever has the output. */
export interface LogSource {
  /** `again`: the next daemon that the keeper of the last one starts. */
  open(onEvent: (message: Message) => void, again: boolean): Promise<Session>;
  /** From the first next() of a stream to its end. */
  add(stream: LogStream): void;
  remove(stream: LogStream): void;
}

const DONE: Result = { done: true, value: undefined };

/**
 * Its conversation is its own: it begins with the first next() and ends with
 * return() (leaving a `for await` calls that), so nothing of one reader gets
 * into the way of another. Node keeps running only while a next() waits.
 *
 * When the daemon dies, the next one is asked to go on where this one was, as
 * soon as somebody waits for it.
 */
export class LogStream implements AsyncIterableIterator<LogChunk> {
  #source: LogSource;
  #request: object;
  #session: Promise<Session | undefined> | undefined;
  /** The next session is not the first one. */
  #isLost = false;
  /** Where the output that has come ends: app, stream, place. */
  #from: Record<string, Record<string, string>> = Object.create(null);
  #chunks: LogChunk[] = [];
  #waiting = 0;
  #dropped = 0;
  #readers: Reader[] = [];
  #done = false;
  #error: ZpmError | undefined;

  constructor(source: LogSource, request: object) {
    this.#source = source;
    this.#request = request;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    let session: Session | undefined;
    try {
      while (!this.#done && (session === undefined || session.ended))
        session = await (this.#session ??= this.#isLost
          ? this.#resume()
          : this.#begin(false));
    } catch (error) {
      this.#session = undefined;
      this.#finish(undefined);
      throw error;
    }
    const result = this.#take();
    return session === undefined ? result : session.hold(result);
  }

  async return(): Promise<Result> {
    this.#finish(undefined);
    return DONE;
  }

  async #begin(again: boolean): Promise<Session> {
    this.#source.add(this);
    const session = await this.#source.open(
      (message) => this.#onEvent(message),
      again,
    );
    session.stream(
      "logs",
      { ...this.#request, from: this.#from },
      {
        reply: (message) => this.#onReply(message),
        fail: (error) => this.#onEnd(error),
      },
    );
    if (this.#done) session.close();
    return session;
  }

  #onEnd(error: ZpmError): void {
    if (!isLost(error)) {
      this.#finish(error.code === "ZPM_ECLOSING" ? undefined : error);
      return;
    }
    this.#isLost = true;
    this.#session = this.#readers.length > 0 ? this.#resume() : undefined;
  }

  /** undefined: that could not be; #take() tells why. */
  async #resume(): Promise<Session | undefined> {
    try {
      const session = await untilBack(
        () => this.#begin(true),
        () => !this.#done,
        true,
      );
      for (const { result } of this.#readers)
        session?.hold(result).catch(() => {});
      return session;
    } catch (error) {
      this.#finish(error as ZpmError);
      return undefined;
    }
  }

  #onReply(message: Message): void {
    const { data, name = "", stream = "out", at, end } = message;
    if (at !== undefined) (this.#from[name] ??= {})[stream] = at;
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
    return this.#wait();
  }

  #wait(): Promise<Result> {
    const reader = {} as Reader;
    reader.result = new Promise((resolve, reject) => {
      reader.resolve = resolve;
      reader.reject = reject;
    });
    this.#readers.push(reader);
    return reader.result;
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
    this.#source.remove(this);
    void this.#session?.then(
      (session) => session?.close(),
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
