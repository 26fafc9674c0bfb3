#!/usr/bin/env bash
# valgrind.sh [TEST...]: the unit tests of out/debug under valgrind. An invalid
# read, an uninitialised value or a lost byte fails.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
install_missing "valgrind=valgrind"
TESTS=("$@")
[ $# -gt 0 ] || TESTS=(out/debug/unit_test_*)
[ -x "${TESTS[0]}" ] || fail "no unit tests in out/debug" \
  "Build them: cmake --preset debug && cmake --build --preset debug"

one() {
  local log=out/log/valgrind-${1##*/}.log
  if timeout -k 10 300 valgrind -q --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 \
    "$1" >"$log" 2>&1; then
    printf '  %-30s ok\n' "${1##*/}"
  else
    printf '  %-30s FAILED\n%s\n' "${1##*/}" "$(tail -n 40 "$log")"
    return 1
  fi
}
export -f one

mkdir -p out/log
bad=0
# shellcheck disable=SC2016 # $1 is for the inner bash
results=$(printf '%s\0' "${TESTS[@]}" |
  xargs -0 -n 1 -P "$JOBS" bash -c 'one "$1"' one) || bad=1
say "$results"
failed=$(grep -c 'FAILED$' <<<"$results" || true)
say "valgrind: $((${#TESTS[@]} - failed)) passed, $failed failed"
[ $bad = 0 ] || exit 1
