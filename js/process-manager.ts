import { join } from "node:path";

import { ZpmApi } from "./api";
import { keeperPath } from "./binary";
import { type Channel, native, type NativeManager } from "./native";
import { place } from "./paths";
import type { ChannelEvents } from "./session";
import type { ZpmOptions } from "./types";

/**
 * The same calls without a daemon: this process supervises its apps itself.
 *
 * Its apps end with this process, however that ends (even by SIGKILL): their
 * parent is a small keeper that watches over that. Nothing is remembered;
 * output goes to `logs` in the namespace's folder (default namespace:
 * "embedded"). It keeps Node running while one of its apps runs or is to be
 * started again, or while a call is open.
 */
export class ProcessManager extends ZpmApi {
  readonly #options: ZpmOptions;
  #manager: NativeManager | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ZpmOptions = {}) {
    super();
    this.#options = { namespace: "embedded", ...options };
  }

  /** Stops every app; resolves when nothing of them is left. */
  async stopAll(): Promise<string> {
    if (this.#manager === undefined) return "Nothing runs.";
    return this.stop("all");
  }

  /**
   * Stops every app and releases everything; calls that are open then fail
   * with ZPM_ECLOSING. A later call begins anew, with no apps.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  /** @internal */
  protected override dial({ lines }: ChannelEvents): Channel {
    const { Manager, Peer } = native();
    this.#manager ??= new Manager({
      ...place(this.#options),
      keeperPath: keeperPath(),
      agentPath: join(__dirname, "agent.cjs"),
    });
    return new Peer(this.#manager, lines);
  }

  async #close(): Promise<void> {
    if (this.#manager === undefined) return;
    try {
      await this.stopAll();
    } finally {
      const manager = this.#manager;
      this.#manager = undefined;
      await this.hangUp();
      await new Promise<void>((resolve) => manager.close(resolve));
    }
  }
}
