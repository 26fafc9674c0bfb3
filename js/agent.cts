/*
 * Preloaded (`node --require`) into every Node app.  Over the app's own IPC
 * channel it tells the supervisor the size of the JS heap, when it is asked;
 * and when a reload is about to replace the process, it ends HTTP connections
 * that are kept alive, each with the answer to its next request, so that none is
 * closed while a request is on its way to it.
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
const DRAIN = "NODE_ZPM_DRAIN";
const DRAINED = "NODE_ZPM_DRAINED";
const LOOK_MS = 10;

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

interface Request {
  response: { shouldKeepAlive: boolean };
}

/** Node 16.18 and later; in an older one connections are closed as ever. */
function endKeptAlive(): void {
  const { channel } = require("diagnostics_channel");
  channel("http.server.request.start").subscribe((message: unknown) => {
    (message as Request).response.shouldKeepAlive = false;
  });
}

interface Connection {
  server?: object;
  destroyed?: boolean;
}

/** What clients have open: the server's ends. */
function connections(): Connection[] {
  const handles = (
    process as unknown as { _getActiveHandles(): Connection[] }
  )._getActiveHandles();
  return handles.filter(({ server, destroyed }) => server && !destroyed);
}

/**
 * Tells it when all connections of before are gone, so that nobody waits. One
 * that came later ends with its first answer anyhow.
 */
function tellWhenDrained(send: Send): void {
  let old = connections();
  const look = (): void => {
    old = old.filter(({ destroyed }) => !destroyed);
    if (old.length > 0) return;
    clearInterval(timer);
    send.call(process, { cmd: DRAINED }, () => {});
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
}

function drain(send: Send): void {
  endKeptAlive();
  tellWhenDrained(send);
}

function answerQuestions(send: Send): void {
  const memoryUsage = process.memoryUsage;
  const ignore = (): void => {};

  process.on("internalMessage" as "message", (message: unknown) => {
    try {
      const { cmd } = message as Question;
      if (cmd === DRAIN) drain(send);
      if (cmd !== HEAP) return;
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
