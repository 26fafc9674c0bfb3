import { native } from "./native";
import type { ZpmOptions } from "./types";

/**
 * What was given, or the environment, as it is now. A worker thread has its
 * own process.env, which the C side does not see, so it is read here.
 */
export function place({ home, namespace }: ZpmOptions): ZpmOptions {
  return {
    home: home ?? process.env.ZPM_HOME,
    namespace: namespace ?? process.env.ZPM_NAMESPACE,
  };
}

/** Where the daemon of a namespace listens. */
export function getSocketPath(namespace?: string, home?: string): string {
  const at = place({ home, namespace });
  return native().socketPath(at.home ?? "", at.namespace ?? "");
}
