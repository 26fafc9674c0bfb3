// Finds and loads zpm.node. It lies either where node-gyp built it or where a
// release put it, and a release has one file per platform, so looking in two
// places is all there is to do: no loader package is needed for that.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { ZpmError } from "./errors";

/** A conversation: request lines go in, lines come out by a callback, later. */
export interface Channel {
  send(line: string): void;
  /** An answer is waited for: Node keeps running. */
  ref(): void;
  unref(): void;
  /** Nothing comes after this. */
  close(): void;
}

type OnLines = (lines: string) => void;
type OnEnd = (message: string, code: string) => void;

export interface NativeManager {
  close(closed: () => void): void;
}

export interface NativeClient extends Channel {
  connect(options: {
    home?: string;
    namespace?: string;
    zpmPath?: string;
    startDaemon: boolean;
    /** If none is to be started: how long to wait for one that its keeper
     * starts again. */
    waitMs?: number;
  }): Promise<void>;
}

/** csrc/addon/addon.cc */
export interface Native {
  version: string;
  Manager: new (options: {
    home?: string;
    namespace?: string;
    keeperPath: string;
    agentPath?: string;
  }) => NativeManager;
  Peer: new (manager: NativeManager, onLines: OnLines) => Channel;
  Client: new (onLines: OnLines, onEnd: OnEnd) => NativeClient;
  daemonRuns(options: { home?: string; namespace?: string }): Promise<boolean>;
  socketPath(home: string, namespace: string): string;
}

const root = join(__dirname, "..");
/** Folder of a release's files for this platform. */
export const prebuilds = join(
  root,
  "prebuilds",
  `${process.platform}-${process.arch}`,
);

/** What to do when something is missing or does not load. */
export const howToGetIt = existsSync(join(root, "tools", "setup.sh"))
  ? `Build it: npm run setup in ${root}`
  : "This package brings it for some platforms only; for others, build it from a checkout of the repository: npm run setup";

let loaded: Native | undefined;

/** The addon; loaded at the first use, so that importing never fails. */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  const places = [join(root, "build", "Release"), prebuilds];
  const path = places
    .map((folder) => join(folder, "zpm.node"))
    .find((file) => existsSync(file));
  if (path === undefined)
    throw new ZpmError(
      "ZPM_EUNSUPPORTED",
      `@zuzjs/pm has no addon for ${process.platform}-${process.arch} (looked in ${places.join(" and ")}). ${howToGetIt}`,
    );
  try {
    loaded = require(path) as Native;
  } catch (error) {
    throw new ZpmError(
      "ZPM_EUNSUPPORTED",
      `${path} does not load here: ${(error as Error).message}. ${howToGetIt}`,
      { cause: error },
    );
  }
  return loaded;
}
