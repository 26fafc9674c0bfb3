/*
 * Preloaded (`node --require`) into every Node app: tells the supervisor the
 * size of the JS heap, over the app's own IPC channel, when it is asked.
 *
 * The app must not be able to tell that this is here.  So: messages whose cmd
 * begins with NODE_, which Node never shows to `process.on('message')`; a
 * listener that does not keep the process alive; nothing left in execArgv, which
 * `fork` and `cluster` hand on; and no error whatever happens.
 *
 * Written for the oldest Node that an app may use (12), so nothing newer than
 * ES2019 is used here, however new the compiler's target is.
 */
import threads = require("worker_threads");

const HEAP = "NODE_ZPM_HEAP";

interface Question {
  cmd?: unknown;
}

type Send = (message: object, done: () => void) => boolean;

/** `--require <this file>`, wherever it stands; a symbolic link to it counts. */
function isOwnPath(path: string | undefined): boolean {
  try {
    return path !== undefined && require.resolve(path) === __filename;
  } catch {
    return false;
  }
}

function hideOptions(options: string[]): void {
  for (let i = options.length - 2; i >= 0; i--) {
    const isRequire = options[i] === "--require" || options[i] === "-r";
    if (isRequire && isOwnPath(options[i + 1])) options.splice(i, 2);
  }
}

function answerQuestions(send: Send): void {
  const memoryUsage = process.memoryUsage;
  const ignore = (): void => {};

  process.on("internalMessage" as "message", (message: unknown) => {
    try {
      if ((message as Question).cmd !== HEAP) return;
      const used = memoryUsage().heapUsed;
      /* With a callback a closed channel is told to it; without one it would
       * be an uncaught 'error' event of the app. */
      send.call(process, { cmd: HEAP, used }, ignore);
    } catch {
      /* The supervisor shows the last figure, or none. */
    }
  });
}

try {
  hideOptions(process.execArgv);
  delete require.cache[__filename];
  /* Options are inherited by worker threads; the channel is not. */
  if (threads.isMainThread && typeof process.send === "function")
    answerQuestions(process.send as Send);
} catch {
  /* The app comes first. */
}
