#!/usr/bin/env bash
# Everything that can be said about the code without running it. `npm run lint`.
# Runs all checks, then fails if one had something to say.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

LINT_NEEDS=("clang-tidy=clang-tidy" "clang-format=clang-format"
  "cppcheck=cppcheck" "shellcheck=shellcheck")
FORMAT_VERSION=14 # the layout of other versions differs in details
FILE_LINES=400

files() { git ls-files --cached --others --exclude-standard "$@"; }
mapfile -t C_FILES < <(files 'csrc/*.c' 'csrc/*.h' 'include/*.h' \
  'csrc/*.cc' 'csrc/*.hh' 'tests/*.c' 'tests/*.h' 'tools/*.c' 'tools/*.h')
mapfile -t SOURCES < <(files 'csrc/*.c' | grep -vE '/(darwin|windows)[a-z_]*\.c$')
# The addon's headers are C++ and built by node-gyp alone.
mapfile -t HEADERS < <(files 'csrc/*.h' 'include/*.h' ':!csrc/addon')
mapfile -t SCRIPTS < <(files 'tools/*.sh' .ci/run)

# Names the files that clang-format would change.
format() {
  local version differ
  version=$(clang-format --version | grep -oE '[0-9]+' | head -n 1)
  differ=$(clang-format --dry-run "${C_FILES[@]}" 2>&1 |
    sed -n 's/:[0-9]*:[0-9]*: warning: .*//p' | sort -u)
  [ -n "$differ" ] || return 0
  say "clang-format -i would change:" "$differ"
  if [ "$version" != $FORMAT_VERSION ]; then
    say "(clang-format $version; only version $FORMAT_VERSION decides)"
    return 0
  fi
  return 1
}

tidy() {
  configure debug >/dev/null || return 1
  printf '%s\0' "${SOURCES[@]}" |
    xargs -0 -n 1 -P "$JOBS" clang-tidy --quiet -p out/debug 2>&1 |
    grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header-filter'
  return "${PIPESTATUS[1]}"
}

check_with_cppcheck() {
  cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -j "$JOBS" \
    --enable=warning,performance,portability --suppress=missingInclude \
    --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -D__linux__ -D__GNUC__ \
    --library=tools/cppcheck.cfg \
    -I csrc -I include "${SOURCES[@]}"
}

headers_stand_alone() {
  local header bad=0 flags
  flags=$(pkg-config --cflags libuv libcjson)
  for header in "${HEADERS[@]}"; do
    # shellcheck disable=SC2086 # a list of options
    gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I csrc -I include $flags \
      -fsyntax-only -include "$header" -x c /dev/null || bad=1
  done
  return $bad
}

sizes() {
  local bad=0 file lines
  while read -r lines file; do
    [ "$lines" -le $FILE_LINES ] && continue
    say "$file has $lines lines, $FILE_LINES at most: split it by concept"
    bad=1
  done < <(files 'csrc/*' 'include/*' 'js/*' |
    xargs wc -l | grep -v ' total$')
  return $bad
}

# Nothing in the tree waits to be finished.
finished() {
  ! git grep -nwE 'TODO|FIXME|XXX|HACK' -- csrc include js tests tools \
    ':!tools/lint.sh'
}

versions() {
  local c js
  c=$(sed -n 's/.*ZPM_VERSION "\(.*\)"/\1/p' include/zpm/version.h)
  js=$(node -p 'require("./package.json").version')
  [ "$c" = "$js" ] || { say "version.h says $c, package.json $js"; return 1; }
}

failed=()
check() {
  local name=$1 start=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    printf '  %-22s ok (%d s)\n' "$name" $((SECONDS - start))
  else
    printf '  %-22s FAILED\n' "$name"
    failed+=("$name")
  fi
  [ -z "$output" ] || printf '%s\n' "$output"
}

say "lint"
install_missing "${LINT_NEEDS[@]}"
check "clang-format" format
check "clang-tidy" tidy
check "cppcheck" check_with_cppcheck
check "headers stand alone" headers_stand_alone
check "layers" bash tools/check-layers.sh
check "file length" sizes
check "nothing unfinished" finished
check "one version" versions
check "shellcheck" shellcheck -x "${SCRIPTS[@]}"
check "tsc" node_modules/.bin/tsc --noEmit
if [ -x node_modules/.bin/prettier ]; then
  check "prettier" node_modules/.bin/prettier --check --log-level warn js tests
fi
[ ${#failed[@]} = 0 ] || fail "not clean: ${failed[*]}"
say "lint: clean"
