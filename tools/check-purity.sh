#!/usr/bin/env bash
# check-purity.sh FOLDER: that the layers which decide cannot act. FOLDER is a
# CMake build folder without sanitizers (default out/debug).
#
# For libzpm_base.a, _core.a and _proto.a:
# - what they take from outside is on the list below: memory, strings, numbers;
# - what they take from zpm is in the same layer or one below it;
# - what leaves a file starts with zpm_ (or ZPM_, for tables);
# - only base/alloc.c allocates.
# For every layer: no variable at file scope that can change.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
OUT=${1:-out/debug}

# Everything that a pure layer may take from outside, as one expression.
OUTSIDE=$(tr -d ' \n' <<'LIST'
^(
mem(cpy|move|set|cmp|chr|rchr|mem)|__mem(cpy|move|set)_chk|
str(len|nlen|cmp|ncmp|casecmp|ncasecmp|chr|rchr|chrnul|str|spn|cspn|pbrk|cpy|ncpy|cat|ncat|error)|
__str(cpy|ncpy|cat|ncat)_chk|
v?snprintf|__v?snprintf_chk|
strto(l|ul|ll|ull|d|imax|umax)|__isoc(99|23)_strto(l|ul|ll|ull|imax|umax)|
(to|is)[a-z]+|__ctype_(b|tolower|toupper)_loc|
qsort|bsearch|l?l?abs|
f(abs|min|max|mod)|floor|ceil|l?l?round|trunc|rint|pow|exp2?|log2?|isfinite|
__errno_location|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|
cJSON_[A-Za-z_]+
)$
LIST
)
ALLOCATES='^(malloc|calloc|realloc|free)$'

bad=0
complain() {
  say "$*"
  bad=$((bad + 1))
}

# symbols KIND ARCHIVE...: "file.c.o symbol" lines; KIND is an option of nm.
symbols() {
  local kind=$1
  shift
  nm -A "$kind" "$@" | awk '{ split($1, at, ":"); print at[2], $NF }'
}

# check_pure LAYER LOWER...: the archive of a layer, and those below it.
check_pure() {
  local layer=$1 archive=$OUT/libzpm_$1.a known='' file symbol lower
  [ -f "$archive" ] || fail "$archive is missing" "Build first: cmake --build $OUT"
  for lower in "$@"; do
    known+=$(nm -g --defined-only "$OUT/libzpm_$lower.a" | awk 'NF == 3 { printf " %s ", $3 }')
  done
  while read -r file symbol; do
    if [[ $symbol =~ ^(zpm_|ZPM_) ]]; then
      [[ $known == *" $symbol "* ]] ||
        complain "$layer/${file%.o}: $symbol belongs to a layer above"
    elif [[ $symbol =~ $ALLOCATES ]]; then
      [ "$layer/$file" = base/alloc.c.o ] ||
        complain "$layer/${file%.o}: $symbol (only base/alloc.c allocates)"
    elif ! [[ $symbol =~ $OUTSIDE ]]; then
      complain "$layer/${file%.o}: $symbol is not pure"
    fi
  done < <(symbols -u "$archive")
}

check_names() {
  local layer=$1 file symbol
  while read -r file symbol; do
    [[ $symbol =~ ^(zpm_|ZPM_) ]] ||
      complain "$layer/${file%.o}: $symbol leaves the file without the prefix zpm_"
  done < <(nm -A -g --defined-only "$OUT/libzpm_$layer.a" |
    awk 'NF == 3 { split($1, at, ":"); print at[2], $3 }')
}

# Initialised or zeroed data that is not read-only after relocation.
check_state() {
  local layer=$1 symbol
  while read -r symbol; do
    complain "$layer: $symbol can change, and lives at file scope"
  done < <(objdump -t "$OUT/libzpm_$layer.a" |
    awk '$0 ~ / O / && / \.(data|bss|tdata|tbss|\*COM\*)/ && ! / \.data\.rel\.ro/ { print $NF }')
}

check_pure base
check_pure core base
check_pure proto core base
layers=0
for archive in "$OUT"/libzpm_*.a; do
  layer=${archive#"$OUT"/libzpm_}
  layer=${layer%.a}
  [ "$layer" = cjson ] && continue
  check_names "$layer"
  check_state "$layer"
  layers=$((layers + 1))
done
[ $bad = 0 ] || fail "$bad places are not as docs/architecture.md promises" \
  "Pass facts in and effects out; let runtime/ do what touches the world."
say "purity: base, core and proto are pure; no changing file scope in $layers layers"
