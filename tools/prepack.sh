#!/usr/bin/env bash
# Before `npm pack` and `npm publish`: a package without its programs installs
# well, and then cannot do anything. npm runs this by itself.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

HERE=prebuilds/$(node -p 'process.platform + "-" + process.arch')

for file in dist/index.js dist/index.mjs dist/bin/zpm.js dist/agent.cjs \
  dist/selftest.cjs "$HERE/zpm" "$HERE/zpm-keeper" "$HERE/zpm.node"; do
  [ -f "$file" ] ||
    fail "the package would lack $file" "First: npm run build:release"
done
