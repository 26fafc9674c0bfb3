// Arguments are checked here, before anything crosses to the C side, as far as
// JSON cannot carry them or a path has to be made of them. Everything else is
// checked once, against the field table in C, which names the field as well.

import { resolve, sep } from "node:path";

import { ZpmError } from "./errors";
import type { StartConfig } from "./types";

function kind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "function") return "a function";
  return value === undefined ? "nothing" : `a ${typeof value}`;
}

function wrong(what: string, expected: string, value: unknown): ZpmError {
  return new ZpmError(
    "ZPM_EARG",
    `${what} must be ${expected}, not ${kind(value)}`,
  );
}

export function checkName(what: string, value: unknown): string {
  if (typeof value !== "string") throw wrong(what, "a string", value);
  if (value === "") throw new ZpmError("ZPM_EARG", `${what} is empty`);
  return value;
}

export function checkOptionalName(
  what: string,
  value: unknown,
): string | undefined {
  return value === undefined ? undefined : checkName(what, value);
}

export function checkObject(what: string, value: unknown): object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(what, "an object", value);
  return value;
}

/** A slip in an option would be passed over without a word. */
export function checkOptions(value: unknown, known: string[]): void {
  for (const key of Object.keys(checkObject("options", value)))
    if (!known.includes(key))
      throw new ZpmError(
        "ZPM_EARG",
        `options has no key '${key}', only ${known.join(", ")}`,
      );
}

/** What JSON would drop or spoil without a word. */
function checkJson(what: string, value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new ZpmError("ZPM_EARG", `${what} must be a finite number`);
  if (["function", "symbol", "bigint"].includes(typeof value))
    throw wrong(what, "a string, number, boolean, array or object", value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    checkJson(
      Array.isArray(value) ? `${what}[${key}]` : `${what}.${key}`,
      inner,
    );
}

function hasSlash(path: string): boolean {
  return path.includes("/") || path.includes(sep);
}

/** A path; anything else, also an empty one, is refused with the config. */
function absolute(path: unknown): unknown {
  return typeof path === "string" && path !== "" ? resolve(path) : path;
}

/**
 * The config as it goes over the wire: paths absolute, since the other side
 * has a current directory of its own. A config without `scriptPath` is about a
 * known app, whose folder stays as it is unless a new one is given.
 */
export function prepareConfig(config: StartConfig): object {
  checkObject("config", config);
  const { name, scriptPath, cwd, interpreterCommand, envFile, watch } =
    config as Record<string, unknown>;
  checkOptionalName("config.name", name);
  checkOptionalName("config.scriptPath", scriptPath);
  checkOptionalName("config.cwd", cwd);
  checkOptionalName("config.interpreterCommand", interpreterCommand);
  if (name === undefined && scriptPath === undefined)
    throw new ZpmError(
      "ZPM_EARG",
      "config.scriptPath is missing: the script or command to run",
    );
  checkJson("config", config);

  const prepared: Record<string, unknown> = { ...config };
  if (typeof cwd === "string") prepared.cwd = resolve(cwd);
  if (typeof scriptPath === "string") {
    const folder = resolve((cwd as string | undefined) ?? ".");
    prepared.cwd = folder;
    if (hasSlash(scriptPath)) prepared.scriptPath = resolve(scriptPath);
  }
  if (typeof interpreterCommand === "string" && hasSlash(interpreterCommand))
    prepared.interpreterCommand = resolve(interpreterCommand);
  if (typeof envFile === "string") prepared.envFile = absolute(envFile);
  if (Array.isArray(watch)) prepared.watch = watch.map(absolute);
  return prepared;
}

/** process.env, or what was given, as an object of strings. */
export function prepareEnv(env: unknown): Record<string, string> {
  const given = env === undefined ? process.env : checkObject("callerEnv", env);
  const prepared: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (typeof value !== "string")
      throw wrong(`callerEnv.${key}`, "a string", value);
    prepared[key] = value;
  }
  return prepared;
}
