export type LogLevel = "debug" | "info" | "success" | "warn" | "error";

/** Where a line goes. */
export type LogSink = (level: LogLevel, text: string) => void;

const COLOURS: Record<LogLevel, number> = {
  debug: 90,
  info: 36,
  success: 32,
  warn: 33,
  error: 31,
};

/** Lines on stderr, coloured on a terminal unless NO_COLOR is set. */
function toStderr(level: LogLevel, text: string): void {
  const { NO_COLOR, ZPM_DEBUG } = process.env;
  if (level === "debug" && !ZPM_DEBUG) return;
  const colour = process.stderr.isTTY && !NO_COLOR;
  const word = level.padEnd(7);
  process.stderr.write(
    `${colour ? `\x1b[${COLOURS[level]}m${word}\x1b[0m` : word} ${text}\n`,
  );
}

let sink: LogSink = toStderr;

function log(level: LogLevel, parts: unknown[]): void {
  sink(
    level,
    parts.map((p) => (p instanceof Error ? p.message : String(p))).join(" "),
  );
}

/** A thin logger; `logger.use(sink)` puts another one in its place. */
export const logger = {
  /** Shown when ZPM_DEBUG is set. */
  debug: (...parts: unknown[]) => log("debug", parts),
  info: (...parts: unknown[]) => log("info", parts),
  success: (...parts: unknown[]) => log("success", parts),
  warn: (...parts: unknown[]) => log("warn", parts),
  error: (...parts: unknown[]) => log("error", parts),
  /** Sends all lines there; without an argument, to stderr again. */
  use(other: LogSink = toStderr): void {
    sink = other;
  },
};
