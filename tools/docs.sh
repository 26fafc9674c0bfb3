#!/usr/bin/env bash
# docs.sh GENDOCS [--write]: that the documents made from the tables
# (docs/configuration.md, docs/commands.md, docs/man/zpm.1) are what the program
# GENDOCS prints; with --write, makes them so.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"
GENDOCS=${1:-out/debug/gendocs}
DOCUMENTS=("configuration docs/configuration.md" "commands docs/commands.md"
  "man docs/man/zpm.1")
[ -x "$GENDOCS" ] || fail "$GENDOCS is missing" \
  "Build it: cmake --preset debug && cmake --build --preset debug --target gendocs"

bad=0
for document in "${DOCUMENTS[@]}"; do
  read -r name path <<<"$document"
  if [ "${2:-}" = --write ]; then
    "$GENDOCS" "$name" >"$path"
  else
    "$GENDOCS" "$name" | diff -u "$path" - || bad=$((bad + 1))
  fi
done
[ $bad = 0 ] || fail "$bad documents are not what the tables say" \
  "Write them anew: tools/docs.sh $GENDOCS --write"
