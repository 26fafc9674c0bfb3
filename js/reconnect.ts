// What is done when the daemon dies: its keeper starts the next one within
// milliseconds, or, if that dies as well, within seconds.

import { ZpmError } from "./errors";

/** How long one try may take; Node cannot end meanwhile. */
export const TRY_MS = 100;
const PAUSE_MS = 20;
/** By then a keeper has started its daemon again. */
const GIVE_UP_MS = 10_000;

/**
 * What may be asked twice: it only looks, or finds done what it asks for.
 * Anything else may have been done, and is not to be done once more.
 */
const CAN_BE_REPEATED: ReadonlySet<string> = new Set([
  ...["ping", "stop", "stats", "list", "describe"],
  ...["find-worker", "get-store", "doctor"],
]);

export function canBeRepeated(cmd: string): boolean {
  return CAN_BE_REPEATED.has(cmd);
}

export function isLost(error: unknown): boolean {
  return (error as ZpmError).code === "ZPM_ELOST";
}

/** Once more if the daemon died in the middle of it. */
export async function twice<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isLost(error)) throw error;
    return action();
  }
}

/**
 * Begins a conversation; nothing has been asked in it yet, so nothing is lost
 * if that fails. A daemon that dies still takes connections for a moment, so
 * it may take some tries.
 */
export async function begun<T>(begin: () => Promise<T>): Promise<T> {
  const from = performance.now();
  while (performance.now() - from < GIVE_UP_MS) {
    try {
      return await begin();
    } catch (error) {
      if (!isLost(error)) throw error;
    }
    await pause(true);
  }
  throw new ZpmError(
    "ZPM_EDAEMON",
    "the daemon ends as soon as it is spoken to; its daemon.log may tell why",
  );
}

/**
 * Tries until the next daemon is there; rejects if there will be none.
 * undefined: it is not wanted any more. With `keepAlive` Node waits for it.
 */
export async function untilBack<T>(
  begin: () => Promise<T>,
  isWanted: () => boolean,
  keepAlive: boolean,
): Promise<T | undefined> {
  const from = performance.now();
  while (isWanted()) {
    try {
      return await begin();
    } catch (error) {
      const mayCome = isLost(error) || (error as ZpmError).code === "ZPM_EBUSY";
      if (!mayCome || performance.now() - from > GIVE_UP_MS) throw error;
    }
    await pause(keepAlive);
  }
  return undefined;
}

function pause(keepAlive: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MS);
    if (!keepAlive) timer.unref();
  });
}
