#!/usr/bin/env bash
# check-addon.sh [ADDON] [--release]: that the addon uses Node's own libuv,
# shows nothing but its entry, and (--release) loads wherever Node itself does.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
ADDON=${1:-build/Release/zpm.node}
FLOOR=2.28 # what Node's own builds need of glibc
[ -f "$ADDON" ] || fail "$ADDON is missing" "Build it: npm run setup"

undefined=$(nm -D --undefined-only "$ADDON" | awk '{ print $NF }')
defined=$(nm -D --defined-only "$ADDON" | awk '{ print $NF }')

uses=$(grep -c '^uv_' <<<"$undefined" || true)
[ "$uses" -gt 0 ] || fail "$ADDON takes no uv_* from its host" \
  "A second libuv in one process takes SIGCHLD away from Node: do not link libuv."
for prefix in uv_ uv__ cJSON mbedtls_ psa_ zpm_; do
  if grep -q "^$prefix" <<<"$defined"; then
    fail "$ADDON shows $prefix* to the whole process: $(grep "^$prefix" <<<"$defined" | head -n 3 | tr '\n' ' ')" \
      "Compile with -fvisibility=hidden, link with --exclude-libs,ALL."
  fi
done
if ldd "$ADDON" 2>/dev/null | grep -q libuv; then
  fail "$ADDON loads a libuv of its own" "Take libuv out of binding.gyp."
fi

glibc=$(objdump -T "$ADDON" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
say "addon: $uses symbols of Node's libuv, none of its own; needs ${glibc:-no glibc}"
if [ "${2:-}" = --release ]; then
  newest=$(printf '%s\n' "${glibc#GLIBC_}" $FLOOR | sort -V | tail -n 1)
  [ "$newest" = $FLOOR ] || fail "$ADDON needs $glibc, Node itself only $FLOOR" \
    "Build it on an older distribution, or avoid the newer function."
fi
