#!/usr/bin/env bash
# Installs what is missing and builds everything: the addon, dist/, zpm and
# zpm-keeper (out/release). `npm run setup`. Quick when there is nothing to do.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

BUILD_NEEDS=(
  "gcc=build-essential" "g++=build-essential" "make=build-essential"
  "file:/usr/include/errno.h=build-essential" "cmake=cmake"
  "pkg-config=pkg-config" "python3=python3" "pc:libuv=libuv1-dev"
  "pc:libcjson=libcjson-dev" "pc:cmocka=libcmocka-dev"
  "file:/usr/include/mbedtls/ssl.h=libmbedtls-dev"
)

check_node() {
  local program
  for program in node npm; do
    command -v $program >/dev/null ||
      fail "$program is needed" "Install Node 18 or newer: https://nodejs.org"
  done
  node -e 'process.exit(parseInt(process.versions.node, 10) >= 18 ? 0 : 1)' ||
    fail "Node 18 or newer is needed, this is $(node --version)" \
      "Get one at https://nodejs.org"
}

install_node_modules() {
  local stamp=node_modules/.zpm-setup want
  want="$(node --version) $(sha256sum <package-lock.json)"
  [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return 0
  run "npm ci" "Check the network (npm ping) and try again." \
    timeout --foreground -k 10 900 npm ci --ignore-scripts --no-audit --no-fund
  printf '%s\n' "$want" >$stamp
}

build_addon() {
  local stamp
  stamp=out/stamp/addon-$(node -p process.versions.modules)
  if [ -f build/Release/zpm.node ] &&
    ! stale "$stamp" binding.gyp csrc include node_modules/.zpm-setup; then
    return 0
  fi
  touch "$stamp.new"
  run "addon (node-gyp)" "A C++17 compiler and Python 3 are needed." \
    timeout --foreground -k 10 900 \
    npm run --silent build:addon -- -j "$JOBS" --loglevel=warn
  rm -f out/stamp/addon-*[0-9]
  mv "$stamp.new" "$stamp"
}

build_dist() {
  local stamp=out/stamp/dist
  if [ -f dist/index.js ] &&
    ! stale $stamp js package.json tsconfig.json node_modules/.zpm-setup; then
    return 0
  fi
  touch $stamp.new
  run "dist/ (tsc)" "Mend what tsc reports." npm run --silent build
  mv $stamp.new $stamp
}

build_programs() {
  configure release && build_preset release
}

say "zpm setup"
check_node
mkdir -p out/stamp
install_missing "${BUILD_NEEDS[@]}"
install_node_modules
build_addon
build_dist
run "zpm and zpm-keeper (cmake)" "Mend what the compiler reports." build_programs
say "Ready: out/release/zpm"
