import { ZpmApi } from "./api";
import { zpmPath } from "./binary";
import { ZpmError } from "./errors";
import { native, type NativeClient } from "./native";
import { place } from "./paths";
import { TRY_MS } from "./reconnect";
import { type ChannelEvents, lost, Session } from "./session";
import type { ZpmOptions } from "./types";
import { version } from "./version";

interface Hello {
  compatible: boolean;
  advice: string | null;
}

/**
 * The API of the daemon, which is started when none runs.
 *
 * The connection is made by the first call, and again by the next one when the
 * daemon has gone away. When it dies, and its keeper starts it again, logs()
 * goes on by itself where it was, and so do events (see `reconnect`); calls
 * that were open are asked again if they only look, else they fail with
 * ZPM_ELOST. It keeps Node running only while a call is open, so a script ends
 * by itself; see ref().
 */
export class ZPMClient extends ZpmApi {
  readonly #options: ZpmOptions;
  #keptAlive: ReturnType<typeof setInterval> | undefined;

  constructor(options: ZpmOptions = {}) {
    super();
    this.#options = { ...options };
  }

  // ---- the daemon ----

  /** Starts the daemon unless one runs. */
  async ensureDaemon(): Promise<void> {
    await this.request("ping");
  }

  /** Whether a daemon answers; none is started. */
  async isDaemonRunning(): Promise<boolean> {
    return native().daemonRuns(place(this.#options));
  }

  /**
   * Stops all apps and ends the daemon. The next daemon starts those again
   * that were up.
   */
  async killDaemon(): Promise<string> {
    let onEnd = () => {};
    const ended = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    let session: Session;
    try {
      session = await Session.open(
        (events) => this.#dial(events, false),
        () => {},
        onEnd,
      );
    } catch (error) {
      if ((error as ZpmError).code === "ZPM_EDAEMON")
        return "No daemon is running.";
      throw error;
    }
    const sentence = await session.request<string>("shutdown");
    await session.hold(ended);
    await this.hangUp();
    return sentence;
  }

  /** Ends the daemon if one runs, and starts a new one. */
  async restartDaemon(): Promise<void> {
    await this.killDaemon();
    await this.ensureDaemon();
  }

  // ---- the connection ----

  /** Ends the connection; calls that are open fail. A later call connects. */
  async close(): Promise<void> {
    this.unref();
    await this.hangUp();
  }

  /** The same as close(). */
  disconnect(): Promise<void> {
    return this.close();
  }

  /** Keeps Node running, for a program that only listens to events. */
  ref(): this {
    this.#keptAlive ??= setInterval(() => {}, 0x7fffffff);
    return this;
  }

  /** Takes ref() back. */
  unref(): this {
    clearInterval(this.#keptAlive);
    this.#keptAlive = undefined;
    return this;
  }

  /** @internal */
  protected override dial(
    events: ChannelEvents,
    again: boolean,
  ): Promise<NativeClient> {
    return again ? this.#dial(events, false, TRY_MS) : this.#dial(events, true);
  }

  /** @internal A daemon outlives updates of this package. */
  protected override async greet(session: Session): Promise<void> {
    const { compatible, advice } = await session.request<Hello>("hello", {
      version,
    });
    if (compatible) return;
    throw new ZpmError(
      "ZPM_EVERSION",
      advice ?? "the daemon is of another version; call restartDaemon()",
    );
  }

  async #dial(
    { lines, ended }: ChannelEvents,
    startDaemon: boolean,
    waitMs?: number,
  ): Promise<NativeClient> {
    const { Client } = native();
    const client = new Client(lines, () => ended(lost()));
    const zpm = startDaemon ? lookForZpm() : undefined;
    try {
      await client.connect({
        ...place(this.#options),
        zpmPath: zpm?.path,
        startDaemon: zpm?.path !== undefined,
        waitMs,
      });
    } catch (error) {
      client.close();
      // No daemon, and nothing to start one with: say the latter.
      throw (error as ZpmError).code === "ZPM_EDAEMON"
        ? (zpm?.error ?? error)
        : error;
    }
    return client;
  }
}

/** A daemon that runs can be used without it. */
function lookForZpm(): { path?: string; error?: unknown } {
  try {
    return { path: zpmPath() };
  } catch (error) {
    return { error };
  }
}
