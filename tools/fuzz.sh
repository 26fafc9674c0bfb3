#!/usr/bin/env bash
# fuzz.sh [SECONDS] [NAME...]: builds the fuzzers (tests/fuzz, clang) and runs
# each for SECONDS (default 60), seeded from tests/vectors. What they find is
# kept in out/fuzz/corpus, what breaks them in out/fuzz/crash-*.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
TIME=${1:-60}
[ $# -eq 0 ] || shift

can_link_fuzzer() {
  local probe
  command -v clang >/dev/null || return 1
  probe=$(mktemp -d)
  echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n);
    int LLVMFuzzerTestOneInput(const char *d, unsigned long n)
    { (void)d; (void)n; return 0; }' >"$probe/probe.c"
  clang -fsanitize=fuzzer,address "$probe/probe.c" -o "$probe/probe" 2>/dev/null
  local status=$?
  rm -rf "$probe"
  return $status
}

install_clang() {
  install_missing "clang=clang"
  can_link_fuzzer && return 0
  apt_install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
  can_link_fuzzer || fail "clang cannot link a fuzzer" \
    "Install the compiler-rt of $(clang --version | head -n 1)."
}

# seeds FOLDER: every vector file, each of its lines, and the request line, the
# config or the bytes that such a line holds, as one input each.
seeds() {
  local folder=$1 file
  rm -rf "$folder"
  mkdir -p "$folder"
  for file in tests/vectors/*; do
    [ -f "$file" ] || continue
    cp "$file" "$folder/"
    split -l 1 -a 4 "$file" "$folder/$(basename "$file")-"
  done
  # shellcheck disable=SC2016 # ${...} is JavaScript
  node -e 'const fs = require("fs");
    const folder = process.argv[1];
    for (const file of fs.readdirSync(folder)) {
      const path = `${folder}/${file}`;
      let vector = {};
      try { vector = JSON.parse(fs.readFileSync(path, "utf8")); } catch { /* a whole file */ }
      if (typeof vector.line === "string") fs.writeFileSync(path, vector.line);
      if (typeof vector.bytes === "string") fs.writeFileSync(path, Buffer.from(vector.bytes, "hex"));
      if (vector.config) fs.writeFileSync(path, JSON.stringify(vector.config));
    }' "$folder"
}

run_one() {
  local name=$1 folder=out/fuzz/corpus/$1
  mkdir -p "$folder"
  timeout --foreground -k 10 $((TIME + 120)) "out/fuzz/$name" \
    -max_total_time="$TIME" -timeout=10 -rss_limit_mb=1500 \
    -dict=tests/fuzz/zpm.dict \
    -artifact_prefix=out/fuzz/crash-"$name"- -verbosity=0 -print_final_stats=1 \
    "$folder" out/fuzz/seeds >"out/fuzz/$name.log" 2>&1
}

build_fuzzers() { configure fuzz -DZPM_WERROR=ON && build_preset fuzz; }

install_clang
run "fuzzers (build)" "Mend what clang reports." build_fuzzers
seeds out/fuzz/seeds
names=("$@")
if [ ${#names[@]} = 0 ]; then
  for file in tests/fuzz/fuzz_*.c; do
    names+=("$(basename "$file" .c)")
  done
fi

bad=0
for ((i = 0; i < ${#names[@]}; i += JOBS)); do
  pids=()
  batch=("${names[@]:i:JOBS}")
  for name in "${batch[@]}"; do
    run_one "$name" &
    pids+=($!)
  done
  for j in "${!pids[@]}"; do
    name=${batch[j]}
    if wait "${pids[j]}"; then
      runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "out/fuzz/$name.log")
      printf '  %-22s ok, %s inputs\n' "$name" "$runs"
    else
      printf '  %-22s FAILED\n' "$name"
      tail -n 30 "out/fuzz/$name.log"
      bad=$((bad + 1))
    fi
  done
done
say "fuzzers: $((${#names[@]} - bad)) passed, $bad failed"
[ $bad = 0 ] || fail "$bad fuzzers found something" \
  "Run it again: out/fuzz/NAME out/fuzz/crash-NAME-..." \
  "The input that breaks it becomes a line in tests/vectors."
