import type { ZpmApi } from "./api";
import type { StoreRow } from "./types";

/** `row` is undefined when the app is known no more. */
export type StoreListener = (name: string, row: StoreRow | undefined) => void;

/**
 * A copy of what a ZPMClient or a ProcessManager knows of its apps, kept by
 * its events, for code that wants to look without waiting.
 *
 *     await processStore.attach(pm);
 *     processStore.onchange((name, row) => console.log(name, row?.status));
 */
export class ProcessStore {
  #rows = new Map<string, StoreRow>();
  #listeners = new Set<StoreListener>();
  #source: ZpmApi | undefined;

  /** One app's row, or undefined. */
  get(name: string): StoreRow | undefined {
    return this.#rows.get(name);
  }

  /** Every app's row. */
  all(): StoreRow[] {
    return [...this.#rows.values()];
  }

  /** Calls `listener` on every change. Returns a function that ends that. */
  onchange(listener: StoreListener): () => void {
    if (typeof listener !== "function")
      throw new TypeError("listener must be a function");
    this.#listeners.add(listener);
    return () => this.offchange(listener);
  }

  /** Takes onchange() back. */
  offchange(listener: StoreListener): void {
    this.#listeners.delete(listener);
  }

  /**
   * Follows `source` from now on, instead of any other; resolves when all its
   * apps are here. After the daemon was away, they are looked up again.
   */
  async attach(source: ZpmApi): Promise<void> {
    this.detach();
    this.#source = source;
    source.on("app", this.#onApp);
    source.on("delete", this.#onDelete);
    await this.#load(source);
    if (this.#source === source) source.on("connect", this.#onConnect);
  }

  /** Follows nobody any more; what was known is forgotten. */
  detach(): void {
    this.#source?.off("app", this.#onApp);
    this.#source?.off("delete", this.#onDelete);
    this.#source?.off("connect", this.#onConnect);
    this.#source = undefined;
    this.#replace([]);
  }

  #onApp = (row: StoreRow): void => {
    this.#rows.set(row.name, row);
    this.#tell(row.name, row);
  };

  #onDelete = (name: string): void => {
    if (this.#rows.delete(name)) this.#tell(name, undefined);
  };

  #onConnect = (): void => {
    const source = this.#source;
    if (source !== undefined) this.#load(source).catch(() => {});
  };

  async #load(source: ZpmApi): Promise<void> {
    const rows = await source.getStore();
    if (this.#source === source) this.#replace(rows);
  }

  #replace(rows: StoreRow[]): void {
    const before = this.#rows;
    this.#rows = new Map(rows.map((row) => [row.name, row]));
    for (const name of before.keys())
      if (!this.#rows.has(name)) this.#tell(name, undefined);
    for (const row of rows) {
      const old = before.get(row.name);
      if (JSON.stringify(old) !== JSON.stringify(row))
        this.#tell(row.name, row);
    }
  }

  #tell(name: string, row: StoreRow | undefined): void {
    for (const listener of [...this.#listeners]) listener(name, row);
  }
}

/** The one store of this program; make more with `new ProcessStore()`. */
export const processStore = new ProcessStore();
