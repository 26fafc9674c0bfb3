/*
 * Preloaded (`node --require`) into every Node app.  Over the app's own IPC
 * channel it tells the supervisor the size of the JS heap, when it is asked;
 * and when a reload is about to replace the process, it ends HTTP connections
 * that are kept alive, each with the answer to its next request, so that none is
 * closed while a request is on its way to it; WebSockets and HTTP/2 sessions are
 * told to go.  In fork mode it gives its listening sockets to its successor.
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

const LOOK_MS = 5;
const FINISH_MS = 20;
const FAREWELL_MS = 100;

type Question = { cmd?: unknown; port?: number };
type Send = (message: object, ...more: unknown[]) => boolean;

const ignore = (): void => {};

/** What is said and asked is named so, in the channel. */
const named = (word: string): string => `NODE_ZPM_${word}`;

/* With a callback a closed channel is told to it; without one it would be an
 * uncaught 'error' event of the app. */
function tell(send: Send, word: string, ...more: unknown[]): void {
  send.call(process, { cmd: named(word) }, ...more, ignore);
}

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

// ---- a reload is about to replace the process ----

interface Http2Session {
  goaway(code: number, lastStreamID: number): void;
  close(): void;
}

type HttpRequest = { response: { shouldKeepAlive: boolean } };
type Http2Request = { stream: { session?: Http2Session } };

type WebSocket = { readyState: number; close(code: number): void };
type Connection = { server?: object; destroyed?: boolean };

/** Node publishes these only to who asks: before a drain they cost nothing. */
function onPublished(name: string, heard: (message: unknown) => void): void {
  try {
    require("diagnostics_channel").channel(name).subscribe(heard);
  } catch {
    /* Node before 15.1 */
  }
}

/**
 * The answer to the next request is the last one of a connection.  Node 16.18
 * (http) or 22.17 (http2) and later; in an older one they are closed as ever.
 */
function endAfterNextRequest(): void {
  onPublished("http.server.request.start", (message) => {
    (message as HttpRequest).response.shouldKeepAlive = false;
  });
  onPublished("http2.server.stream.start", (message) => {
    const { session } = (message as Http2Request).stream;
    if (session) session.close();
  });
}

function handles<Kind>(): Kind[] {
  return (
    process as unknown as { _getActiveHandles(): Kind[] }
  )._getActiveHandles();
}

/** The servers' ends of what clients have open. */
function connections(): Connection[] {
  return handles<Connection>().filter(
    ({ server, destroyed }) => server && !destroyed,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What is kept in it by symbols and names that differ between versions. */
function belongings(owner: object): object[] {
  return Reflect.ownKeys(owner)
    .map((key) => Object.getOwnPropertyDescriptor(owner, key)!.value)
    .filter(isObject);
}

/** As a browser has it; so do "ws" and all that is built upon that. */
function isOpenWebSocket(value: object): value is WebSocket {
  const { readyState, close } = value as Partial<WebSocket>;
  return readyState === 1 && typeof close === "function";
}

function isHttp2Session(value: object): value is Http2Session {
  const { goaway, close } = value as Partial<Http2Session>;
  return typeof goaway === "function" && typeof close === "function";
}

/** A session of that connection, or all of a server (Node 24). */
function sessionsOf(owner: object): Http2Session[] {
  const values = belongings(owner);
  const sets = values.filter((value) => value instanceof Set);
  const members = sets.flatMap((set) => [...(set as Set<unknown>)]);
  return [...values, ...members.filter(isObject)].filter(isHttp2Session);
}

const GOING_AWAY = 1001;
const ANY_STREAM = 2 ** 31 - 1;

function closeWebSocket(connection: Connection, told: WeakSet<object>): void {
  const found = belongings(connection).find(isOpenWebSocket);
  if (found === undefined) return;
  told.add(connection);
  found.close(GOING_AWAY);
}

/**
 * What the client has sent before it reads of it is answered still: so the last
 * word comes with the next look (RFC 9113, 6.8).
 */
function endSession(session: Http2Session, told: WeakSet<object>): void {
  if (told.has(session)) session.close();
  else session.goaway(0, ANY_STREAM);
  told.add(session);
}

/** To clients that may keep silent for long. */
function sayFarewell(told: WeakSet<object>): void {
  const open = connections().filter((one) => !told.has(one));
  const owners = new Set<object>(open);
  for (const { server } of open) owners.add(server as object);
  try {
    for (const owner of owners)
      for (const session of sessionsOf(owner)) endSession(session, told);
    for (const connection of open) closeWebSocket(connection, told);
  } catch {
    /* They end when the process does. */
  }
}

/**
 * Tells it when all connections of before are gone, so that nobody waits. One
 * that came later ends with its first answer anyhow, or is told to.
 */
function drain(send: Send): void {
  const told = new WeakSet<object>();
  let old = connections();
  const look = (): void => {
    old = old.filter(({ destroyed }) => !destroyed);
    if (old.length > 0) return;
    clearInterval(looks);
    tell(send, "DRAINED");
  };
  const looks = setInterval(look, LOOK_MS);
  looks.unref();
  look();
  endAfterNextRequest();
  sayFarewell(told);
  setInterval(sayFarewell, FAREWELL_MS, told).unref();
}

// ---- in fork mode: from one process to its successor ----

interface Server {
  listening?: boolean;
  close(): void;
  closeIdleConnections?(): void;
  address(): unknown;
  _handle?: { onconnection(status: number, connection: Handle): void };
}

type Handle = { close(): void };

function servers(): Server[] {
  const { Server } = require("net");
  return handles<Server>().filter(
    (handle) => handle instanceof Server && handle.listening,
  );
}

/** One whose workers do its work could not say when that is done. */
function hasWorkers(): boolean {
  return Object.keys(require("cluster").workers || {}).length > 0;
}

/** Node removes the file of a Unix socket when one of two closes it. */
function isAtPath(server: Server): boolean {
  return typeof server.address() === "string";
}

function lend(send: Send): void {
  const all = servers();
  tell(send, "LENDS");
  if (!hasWorkers() && !all.some(isAtPath))
    for (const server of all) tell(send, "LENDS", server);
  tell(send, "LENT");
}

/** Then it waits for the signal to end, which the app may have plans for. */
function finish(send: Send): void {
  let finished = false;
  for (const server of servers()) {
    server.close();
    if (server.closeIdleConnections) server.closeIdleConnections();
  }
  setInterval(() => {
    if (finished || connections().length > 0) return;
    finished = true;
    tell(send, "FINISHED");
  }, FINISH_MS);
}

/** A socket that listens already. */
interface Inherited {
  fd: number;
  port: number;
  address: string; // "*": whatever is asked for
}

let inherited: Inherited[] = [];

function parse(line: string): Inherited {
  const [fd, port, address] = line.split(" ");
  return { fd: Number(fd), port: Number(port), address };
}

/** As in Node: no address means all of them. */
function isAt(one: Inherited, address: unknown, port: unknown): boolean {
  const anywhere = one.address === "::" || one.address === "0.0.0.0";
  if (one.port !== port) return false;
  if (one.address === "*") return true;
  return address ? one.address === address : anywhere;
}

/**
 * Every listen() comes to `_listen2(address, port, addressType, backlog, fd,
 * flags)`, whose name Node keeps for those who wrap it.  What it would bind is
 * there already: it is told to listen at that descriptor.
 */
function listenAt(sockets: Inherited[], took: (port: number) => void): void {
  const prototype = require("net").Server.prototype;
  const listen = prototype._listen2;

  inherited = sockets;
  prototype._listen2 = function (
    this: { _handle?: object },
    ...args: unknown[]
  ): unknown {
    const [address, port, , backlog, fd] = args;
    const one =
      this._handle || (typeof fd === "number" && fd >= 0)
        ? undefined
        : inherited.find((candidate) => isAt(candidate, address, port));
    if (one === undefined) return listen.apply(this, args);
    inherited.splice(inherited.indexOf(one), 1);
    listen.call(this, null, null, null, backlog, one.fd);
    if (this._handle) took(one.port);
  };
}

/** Nobody accepts from them: clients would wait in vain. */
function release(): void {
  const { closeSync } = require("fs");
  for (const { fd } of inherited.splice(0)) closeSync(fd);
}

/** A probe asks this process: as if its server had accepted the connection. */
function receive({ port }: Question, connection: Handle): void {
  const server = servers().find(
    (one) => (one.address() as { port?: number }).port === port,
  );
  if (server && server._handle) server._handle.onconnection(0, connection);
  else connection.close();
}

// ---- what is asked ----

function answerQuestions(send: Send): void {
  const memoryUsage = process.memoryUsage;
  type Answer = (question: Question, handle?: unknown) => void;
  const answers: Record<string, Answer> = {
    [named("HEAP")]: () => {
      const used = memoryUsage().heapUsed;
      send.call(process, { cmd: named("HEAP"), used }, ignore);
    },
    [named("DRAIN")]: () => drain(send),
    [named("LEND")]: () => lend(send),
    [named("FINISH")]: () => finish(send),
    [named("RELEASE")]: release,
    [named("VISIT")]: (question, handle) => receive(question, handle as Handle),
  };

  process.on("internalMessage" as "message", (message: unknown, handle) => {
    try {
      const answer = answers[(message as Question).cmd as string];
      if (answer) answer(message as Question, handle);
    } catch {
      /* The supervisor shows the last figure, or none; what it waits for it
       * does not wait for long. */
    }
  });
}

/** Of the process that this one succeeds. */
function takeSockets(send: Send): void {
  const text = process.env.NODE_ZPM_SOCKETS;
  const ours = Number(process.env.PORT);

  delete process.env.NODE_ZPM_SOCKETS;
  if (!text) return;
  listenAt(text.split("\n").filter(Boolean).map(parse), (port) => {
    if (port === ours) tell(send, "TOOK");
  });
}

/**
 * A worker of a Node whose cluster zpm cannot serve has the socket of the app's
 * port as from systemd (sd_listen_fds(3)).
 */
function takeActivated(): void {
  const { LISTEN_PID, LISTEN_FDNAMES, PORT } = process.env;

  if (Number(LISTEN_PID) === process.pid && LISTEN_FDNAMES === "port")
    listenAt([{ fd: 3, port: Number(PORT), address: "*" }], ignore);
}

/** "22.12" and later: net.Server knows reusePort. */
function canReusePort(): boolean {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/**
 * One that has no such socket: each of the app's processes listens for itself,
 * and the kernel shares out what comes.
 */
function listenBeside(): void {
  const net = require("net");
  const { listen } = net.Server.prototype;

  delete process.env.NODE_ZPM_REUSEPORT;
  if (!canReusePort()) {
    console.error(
      "zpm: this Node (%s) cannot share a port by itself (22.12 and later " +
        "can). Give the app a port (--port), or choose another Node (--with).",
      process.version,
    );
    process.exit(1);
  }
  net.Server.prototype.listen = function (...args: unknown[]): unknown {
    const [options, listening] = net._normalizeArgs(args);
    return listen.call(this, { reusePort: true, ...options }, listening);
  };
}

try {
  hideOptions(process.execArgv);
  delete require.cache[__filename];
  if (!threads.isMainThread) {
    /* The options are inherited by it; the channel is not. */
  } else if (typeof process.send === "function") {
    takeSockets(process.send as Send);
    answerQuestions(process.send as Send);
  } else if (process.env.NODE_ZPM_REUSEPORT) {
    listenBeside();
  } else {
    takeActivated();
  }
} catch {
  /* The app comes first. */
}
