#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. `npm test`.
#
#   tools/test.sh             everything; goes on after a failure, tells at the end
#   tools/test.sh PHASE...    only these, of the list PHASES below
#
# All that the tests start carries a mark in its environment, and their
# temporary files have a folder of their own; what is left of either at the end
# is a failure too (and is removed).
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

PHASES=(setup debug unit_and_runtime asan_build asan addon integration
  integration_asan valgrind fuzz lint leftovers)
FUZZ_SECONDS=6
WAITERS=$((JOBS + 1)) # tests at once: they wait more than they work
PHASE_LIMIT=1800 # seconds, for a first installation too

# ---- phases ------------------------------------------------------------------

phase_setup() {
  bash tools/setup.sh
  install_missing "valgrind=valgrind" "clang=clang" "clang-tidy=clang-tidy" \
    "clang-format=clang-format" "cppcheck=cppcheck" "shellcheck=shellcheck" \
    "openssl=openssl" "systemd-analyze=systemd" "python3=python3"
}

# build PRESET: warnings are errors, also those of CMake and of the linker.
build() {
  run "configure $1" "Mend CMakeLists.txt." configure "$1" -DZPM_WERROR=ON
  run "build $1" "Mend what the compiler reports." build_preset "$1"
  if grep -iE 'warning( #[0-9]+)?:|CMake Warning' "$LOGS/configure-$1.log" "$LOGS/build-$1.log"; then
    fail "the build of $1 gave warnings"
  fi
}

phase_debug() { build debug; }

# run_ctest PRESET: ctest counts programs; the cases in them are told as well.
run_ctest() {
  ctest --preset "$1" -j "$WAITERS"
  say "test cases in these: $(grep -c '^\[       OK \]' "out/$1/Testing/Temporary/LastTest.log")"
}

phase_unit_and_runtime() { run_ctest debug; }
phase_asan_build() { build asan; }
phase_asan() { run_ctest asan; }
phase_addon() { bash tools/check-addon.sh; }
phase_valgrind() { bash tools/valgrind.sh; }
phase_fuzz() { bash tools/fuzz.sh $FUZZ_SECONDS; }
phase_lint() { bash tools/lint.sh; }

phase_integration() {
  local files
  mapfile -t files < <(find tests/integration -name '*.test.*' | sort)
  [ ${#files[@]} -gt 0 ] || fail "no integration tests found"
  node --test --test-concurrency="$WAITERS" --test-reporter=spec "${files[@]}"
}

# The same with instrumented programs: daemon, keeper and command line may end
# with a leak or worse where no test looks, so their reports are looked for.
phase_integration_asan() {
  local reports=$PWD/$LOGS/sanitizer
  rm -rf "$reports"
  mkdir -p "$reports"
  export ZPM_BIN=$PWD/out/asan/zpm
  export ASAN_OPTIONS=log_path=$reports/asan
  export UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan
  phase_integration
  if [ -n "$(ls "$reports")" ]; then
    head -n 50 "$reports"/*
    fail "the sanitizers reported something" "Whole reports: $reports"
  fi
}

# Processes that carry the mark of this run.
marked() {
  local pid
  grep -lzsxF "ZPM_TEST_RUN=$ZPM_TEST_RUN" /proc/[0-9]*/environ | cut -d/ -f3 |
    while read -r pid; do
      is_ours "$pid" || echo "$pid"
    done
}

# Whether a process belongs to this script itself, or has ended by now.
is_ours() {
  local name
  name=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") || return 0
  [[ -z $name || $name == *tools/test.sh* || $name == tail\ * ||
    $name == grep\ * || $name == cut\ * ]]
}

phase_leftovers() {
  local pid bad=0
  for pid in $(marked); do
    say "still running: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    bad=1
  done
  if [ -n "$(find "$TMPDIR" -mindepth 1 -print -quit)" ]; then
    say "left in the folder for temporary files:"
    find "$TMPDIR" -mindepth 1 -maxdepth 2 | head -n 20
    bad=1
  fi
  [ $bad = 0 ] || fail "the tests left something behind"
  say "nothing left behind"
}

# ---- running them ------------------------------------------------------------

passed=0
failed=0
rows=()
phase_pid=

# "pass fail" of a phase from what its runner printed; one test if it says none.
count() {
  local log=$1 status=$2
  awk -v status="$status" '
    /tests passed, [0-9]+ tests? failed out of/ {
      match($0, /[0-9]+ tests? failed/); bad = substr($0, RSTART) + 0
      match($0, /out of [0-9]+/); all = substr($0, RSTART + 7) + 0
      fail += bad; pass += all - bad }
    /^(#|ℹ) pass [0-9]+/ { pass += $3 }
    /^(#|ℹ) (fail|cancelled) [0-9]+/ { fail += $3 }
    /^(valgrind|fuzzers): [0-9]+ passed, [0-9]+ failed/ { pass += $2; fail += $4 }
    END {
      if (pass + fail == 0) { pass = status == 0; fail = status != 0 }
      if (status != 0 && fail == 0) fail = 1
      print pass + 0, fail + 0 }' "$log"
}

run_phase() {
  local name=$1 log=$LOGS/test-$1.log start=$SECONDS status=0 counts
  printf '\n== %s\n' "$name"
  : >"$log"
  timeout -k 20 $PHASE_LIMIT bash tools/test.sh --phase "$name" >"$log" 2>&1 &
  phase_pid=$!
  tail -n +1 -s 0.2 -f --pid=$phase_pid "$log" &
  # Waiting, unlike a program in the foreground, lets a signal in at once.
  wait $phase_pid || status=$?
  wait $! || true
  phase_pid=
  [ $status != 124 ] || say "stopped after $PHASE_LIMIT s"
  read -ra counts < <(count "$log" $status)
  passed=$((passed + counts[0]))
  failed=$((failed + counts[1]))
  rows+=("$(printf '  %-18s %5d passed %3d failed %5d s' "$name" \
    "${counts[0]}" "${counts[1]}" $((SECONDS - start)))")
  [ $status = 0 ] || say "== $name FAILED"
}

clean_up() {
  local pid
  trap - EXIT INT TERM
  [ -z "$phase_pid" ] || kill "$phase_pid" 2>/dev/null || true
  for pid in $(marked); do
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$TMPDIR"
}

if [ "${1:-}" = --phase ]; then
  "phase_$2"
  exit
fi

mkdir -p $LOGS
TMPDIR=$(mktemp -d /tmp/zpm-test.XXXXXX)
chmod 711 "$TMPDIR" # a test knocks as another user
ZPM_TEST_RUN=$$-$(date +%s)
export TMPDIR ZPM_TEST_RUN
unset ZPM_HOME ZPM_NAMESPACE ZPM_BIN
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ $# -gt 0 ] || set -- "${PHASES[@]}"
for phase in "$@"; do
  run_phase "$phase"
done

printf '\n'
printf '%s\n' "${rows[@]}"
printf '\n%d passed, %d failed (%d s)\n' $passed $failed $SECONDS
[ $failed = 0 ]
