/*
 * The worker of the self-test: run once by each Node binary before its first
 * program in cluster mode, to see whether it speaks the cluster's protocol as
 * zpm knows it (csrc/core/selftest.h).  It listens, sends back what comes, and
 * listens once more when its first connection has ended.
 *
 * Written for the oldest Node that an app may use (12).
 */
import net = require("net");

const LONGER_THAN_A_TEST_MS = 60_000;
const TO_END_BY_ITSELF_MS = 1000;

function endAfter(ms: number): void {
  setTimeout(() => process.exit(1), ms).unref();
}

function serve(onServed: () => void): void {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("close", onServed);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
}

if (!require("cluster").isWorker) process.exit(1);
/* Whatever this binary makes of it, nothing of it outlives zpm: a worker that
 * is told to disconnect has nothing left to do, and ends before this. */
process.on("disconnect", () => endAfter(TO_END_BY_ITSELF_MS));
endAfter(LONGER_THAN_A_TEST_MS);
serve(() => serve(() => {}));
