// Finds the programs: zpm and, beside it, zpm-keeper.

import { statSync } from "node:fs";
import { dirname, join } from "node:path";

import { ZpmError } from "./errors";
import { howToGetIt, prebuilds } from "./native";

const root = join(__dirname, "..");

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function find(program: string, places: string[]): string {
  const path = places.find(isFile);
  if (path !== undefined) return path;
  throw new ZpmError(
    "ZPM_EUNSUPPORTED",
    `there is no ${program} for ${process.platform}-${process.arch} (looked for ${places.join(", ")}). ${howToGetIt}, or set ZPM_BIN to the path of zpm`,
  );
}

/** Where a program may lie. ZPM_BIN, the path of zpm, wins. */
function places(program: string): string[] {
  const { ZPM_BIN } = process.env;
  const folders = [
    join(root, "out", "release"),
    join(root, "out", "debug"),
    prebuilds,
  ];
  if (ZPM_BIN) folders.unshift(dirname(ZPM_BIN));
  return folders.map((folder) => join(folder, program));
}

/** The path of the zpm binary. */
export function zpmPath(): string {
  const { ZPM_BIN } = process.env;
  return find("zpm", ZPM_BIN ? [ZPM_BIN] : places("zpm"));
}

/** The path of zpm-keeper; ZPM_KEEPER wins. */
export function keeperPath(): string {
  const { ZPM_KEEPER } = process.env;
  return find("zpm-keeper", ZPM_KEEPER ? [ZPM_KEEPER] : places("zpm-keeper"));
}
