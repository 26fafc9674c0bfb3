// The source files of the addon, one a line, for binding.gyp: its own and every
// layer that the addon hosts, so that a new file is in both builds at once.
"use strict";

const { readdirSync } = require("node:fs");
const { join } = require("node:path");

const LAYERS = ["base", "core", "proto", "platform", "runtime", "api", "client"];
const PLATFORM = { linux: "linux", darwin: "darwin", win32: "windows" };
const others = Object.entries(PLATFORM)
  .filter(([platform]) => platform !== process.platform)
  .map(([, name]) => new RegExp(`^${name}(_.*)?\\.c$`));

const files = [];
for (const layer of LAYERS) {
  const folder = join("csrc", layer);
  for (const file of readdirSync(join(__dirname, "..", layer)).sort()) {
    if (!file.endsWith(".c")) continue;
    if (layer === "platform" && others.some((name) => name.test(file))) continue;
    files.push(join(folder, file));
  }
}
for (const file of readdirSync(__dirname).sort()) {
  if (file.endsWith(".cc")) files.push(join("csrc", "addon", file));
}
console.log(files.join("\n").replaceAll("\\", "/"));
