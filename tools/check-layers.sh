#!/usr/bin/env bash
# Includes go down the list of docs/architecture.md only: each folder of csrc/
# may include its own headers and those named here, nothing else.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

declare -A ALLOWED=(
  [base]='zpm/error.h'
  [core]='base/ zpm/error.h'
  [proto]='base/ core/ zpm/error.h zpm/version.h'
  [platform]='base/ core/ zpm/error.h'
  [keeper]='zpm/version.h'
  [runtime]='base/ core/ proto/ platform/ keeper/wire.h zpm/'
  [api]='base/ core/ proto/ platform/ runtime/ zpm/'
  [daemon]='base/ core/ proto/ platform/ runtime/keeper_link.h api/ zpm/'
  [client]='base/ proto/ platform/ zpm/'
  [cli]='base/ core/ proto/ platform/ client/ daemon/ zpm/'
  [addon]='base/ proto/ platform/ api/ client/ zpm/'
)
# System headers that a pure layer has no business with.
PURE='base core proto'
IMPURE='^(uv|unistd|fcntl|time|poll|spawn|dlfcn|pthread|threads|sys/.*|netinet/.*|arpa/.*|mbedtls/.*|psa/.*)\.h$'

allowed() {
  local layer=$1 header=$2 prefix
  for prefix in "$layer/" ${ALLOWED[$layer]}; do
    [[ $header == "$prefix"* ]] && return 0
  done
  return 1
}

bad=0
count=0
while IFS=: read -r file line text; do
  layer=${file#csrc/}
  layer=${layer%%/*}
  header=${text#*[\"<]}
  header=${header%%[\">]*}
  count=$((count + 1))
  if [[ $text == *'"'* ]]; then
    if [ -z "${ALLOWED[$layer]+x}" ]; then
      say "$file:$line: csrc/$layer is no layer that tools/check-layers.sh knows"
      bad=$((bad + 1))
    elif ! allowed "$layer" "$header"; then
      say "$file:$line: $layer may not include $header"
      bad=$((bad + 1))
    fi
  elif [[ " $PURE " == *" $layer "* && $header =~ $IMPURE ]]; then
    say "$file:$line: $layer is pure and may not include <$header>"
    bad=$((bad + 1))
  fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' csrc --include='*.[ch]' --include='*.cc' --include='*.hh')

[ "$count" -gt 0 ] || fail "no includes found: is this the checkout?"
[ $bad = 0 ] || fail "$bad includes go up or sideways" \
  "Move the code to the layer that may know both, or pass what is needed in."
say "layers: $count includes, all go down"
