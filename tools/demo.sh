#!/usr/bin/env bash
# Shows zpm at work: builds it if needed, then starts examples/server.js under
# it, asks it for a page, and takes everything away again. `npm run demo`.
#
# It keeps to a ZPM_HOME of its own: your own apps and daemon are not touched.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

bash tools/setup.sh
PATH=$PWD/out/release:$PATH
ZPM_HOME=$(mktemp -d)
export ZPM_HOME
LIMIT=(timeout --foreground -k 5)

# Whatever happened, the daemon and its apps end here, and the folder goes.
clean_up() {
  local status=$?
  trap - EXIT INT TERM
  "${LIMIT[@]}" 30 zpm kill-daemon >/dev/null 2>&1 || true
  rm -rf "$ZPM_HOME"
  exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

show() {
  printf '\n$ %s\n' "$*"
  "${LIMIT[@]}" 60 "$@" || fail "'$*' failed" \
    "The daemon's own words: $(tail -n 5 "$ZPM_HOME"/*/daemon.log 2>/dev/null)"
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
    console.log(s.address().port); s.close(); });'
}

# get URL: the answer, tried until the app listens (10 s at most).
get() {
  node -e 'const until = Date.now() + 10000;
    const retry = (e) => Date.now() < until ? setTimeout(ask, 50) : (console.error(e.message), process.exit(1));
    const ask = () => require("http").get(process.argv[1], (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", (text) => process.stdout.write(text));
    }).on("error", retry).setTimeout(5000, function () { this.destroy(new Error("no answer")); });
    ask();' "$1"
}

port=$(free_port)
show zpm start examples/server.js --name demo --port "$port"
show zpm list
printf '\n$ curl http://127.0.0.1:%s/\n' "$port"
get "http://127.0.0.1:$port/" || fail "the app did not answer" \
  "Its output: $(tail -n 5 "$ZPM_HOME"/*/logs/demo/*.log 2>/dev/null)"
show zpm stop demo
show zpm kill-daemon
cat <<TEXT

That was zpm, in a folder of its own that is gone again. To go on:
  npx --no zpm start examples/server.js --name demo --port 3000
  npx --no zpm list
  npx --no zpm logs demo
  npx --no zpm help
TEXT
