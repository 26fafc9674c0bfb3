# shellcheck shell=bash
# Shared by the scripts of this folder: `source "$(dirname "$0")/lib.sh"`.
# Sets the working directory to the top of the checkout. Nothing that these
# scripts start may wait for input, so their stdin is /dev/null.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

JOBS=$(nproc 2>/dev/null || echo 2)
LOGS=out/log

say() { printf '%s\n' "$@"; }

# fail WHAT [ADVICE...]: the last thing a script says.
fail() {
  printf '\n%s: %s\n' "${0##*/}" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# run NAME ADVICE COMMAND...: one step. Quiet when it works; when it does not,
# the end of what it printed and what to do about it.
run() {
  local name=$1 advice=$2 log start=$SECONDS
  shift 2
  mkdir -p "$LOGS"
  log=${name//[^a-zA-Z0-9]/-}
  log=$LOGS/${log%-}.log
  printf '  %-34s ' "$name"
  if ("$@") >"$log" 2>&1; then
    printf 'done (%d s)\n' $((SECONDS - start))
  else
    printf 'FAILED\n'
    tail -n 40 "$log" >&2
    fail "'$name' failed (whole output: $log)" "$advice"
  fi
}

# missing_packages PROBE=PACKAGE...: prints the packages whose probe fails. A probe
# is a program on the PATH, `pc:NAME` for pkg-config, or `file:PATH`.
missing_packages() {
  local entry probe
  for entry in "$@"; do
    probe=${entry%%=*}
    case $probe in
    pc:*) pkg-config --exists "${probe#pc:}" 2>/dev/null ;;
    file:*) [ -e "${probe#file:}" ] ;;
    *) command -v "$probe" >/dev/null ;;
    esac || printf '%s\n' "${entry#*=}"
  done | sort -u
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -n "${CI:-}" ]; then
    sudo -n "$@"
  else
    sudo "$@"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
    timeout --foreground -k 10 1200 apt-get -qq -o DPkg::Lock::Timeout=180 \
    -o Acquire::Retries=3 -o APT::Install-Recommends=false "$@"
}

# apt_install PACKAGE...
apt_install() {
  command -v apt-get >/dev/null ||
    fail "these are missing: $*" \
      "They are Debian's names. Install the like with your package manager."
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    fail "these are missing, and there is neither root nor sudo: $*" \
      "Have them installed: apt-get install $*"
  say "  installing: $*"
  run "apt-get update" "Check the network and /etc/apt/sources.list." \
    apt_get update
  run "apt-get install" "Try by hand: apt-get install $*" \
    apt_get install -y "$@"
}

# install_missing PROBE=PACKAGE...: installs what the probes miss.
install_missing() {
  local packages
  mapfile -t packages < <(missing_packages "$@")
  [ ${#packages[@]} = 0 ] || apt_install "${packages[@]}"
}

# configure PRESET [OPTION...] and build_preset PRESET.
configure() {
  local preset=$1 cache=out/$1/CMakeCache.txt
  shift
  # A checkout that was moved: CMake would refuse the old cache.
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
    rm -rf "out/$preset"
  fi
  cmake --preset "$preset" "$@"
}
build_preset() { cmake --build --preset "$1" -j "$JOBS"; }

# stale STAMP PATH...: whether something under the paths changed since.
stale() {
  local stamp=$1
  shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit)" ]
}
