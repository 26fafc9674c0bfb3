// Clients that would stay for ever are told to go: the app knows nothing of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";

import { WebSocket } from "ws";

import { within } from "../helpers.mjs";
import { cluster } from "./means.mjs";

/** Longer than any test: no connection ends by being cut off. */
const PATIENT = ["--drain-timeout", "600000"];
const GOING_AWAY = 1001;

const up = (box, kind) =>
  box.up("talks.js", { args: [box.port, kind], flags: PATIENT });

// ---- WebSockets ----

async function webSocket({ port }) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const [text] = await within("a first word", once(socket, "message"));
  const closed = once(socket, "close").then(([code]) => code);
  return { pid: JSON.parse(text).pid, closed };
}

cluster("a reload closes WebSockets", async (box) => {
  await up(box, "websocket");
  const before = await box.pids();
  const sockets = await Promise.all(
    Array.from({ length: 6 }, () => webSocket(box)),
  );
  await box.done("reload", "web");
  for (const { closed } of sockets)
    assert.equal(await within("its end", closed), GOING_AWAY);
  const seen = await box.noted("closed", sockets.length);
  assert.deepEqual([...new Set(seen.map(({ code }) => code))], [GOING_AWAY]);
  const { pid, closed } = await webSocket(box);
  assert.ok(!before.includes(pid));
  await box.done("stop", "web");
  await within("its end", closed);
});

// ---- HTTP/2 ----

/** A session, and what is heard of its end. */
async function http2({ port }) {
  const session = connect(`http://127.0.0.1:${port}`);
  const word = once(session, "goaway");
  const closed = once(session, "close");
  await within("a connection", once(session, "connect"));
  return { session, word, closed };
}

async function answerOn(stream) {
  let text = "";
  stream.setEncoding("utf8").on("data", (part) => (text += part));
  await within("an answer", once(stream, "end"));
  return JSON.parse(text).pid;
}

cluster("a reload ends HTTP/2 sessions, and answers first", async (box) => {
  await up(box, "http2");
  const idle = await http2(box);
  const busy = await http2(box);
  await answerOn(idle.session.request({ ":path": "/" }));
  const count = box.notes("request").length;
  const question = busy.session.request(
    { ":path": "/", ":method": "POST" },
    { endStream: false },
  );
  const [{ pid }] = (await box.noted("request", count + 1)).slice(count);
  const reload = box.done("reload", "web");
  // Either may be the client of the process that goes first.
  const [code] = await within("its word", busy.word);
  assert.equal(code, 0);
  question.end("the rest");
  assert.equal(await answerOn(question), pid, "by whom it was asked");
  await within("its end", busy.closed);
  assert.equal((await within("a word to who is idle", idle.word))[0], 0);
  await within("its end", idle.closed);
  await reload;
});
