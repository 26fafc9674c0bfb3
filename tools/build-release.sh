#!/usr/bin/env bash
# build-release.sh [FOLDER]: all that the npm package brings for this platform,
# stripped, in FOLDER (default prebuilds/<platform>-<cpu>). The programs, zpm and
# zpm-keeper, are fully static (musl, built in out/static), so that they run on
# every Linux of this CPU. The addon needs what Node needs (libstdc++), and the C
# library of this machine or a newer one.
#
# libuv, cJSON and Mbed TLS are compiled from the distribution's source packages,
# with its security patches, fetched and verified by apt into out/deps. No source
# of others is kept in the repository. Delete out/deps to fetch newer ones.
#
# Of Mbed TLS, 3.6 is wanted (TLS 1.3, and cared for until 2027): on Debian 12,
# which has 2.28, it comes from Debian 13.
# shellcheck source=tools/lib.sh
source "$(dirname "$0")/lib.sh"

DEPS=$PWD/out/deps
SOURCES=$DEPS/src
TARGET=${1:-prebuilds/$(node -p 'process.platform + "-" + process.arch')}
# Kernel headers come from the system, after musl's own: never with -I.
MUSL_FLAGS="-idirafter /usr/include -idirafter /usr/include/$(gcc -dumpmachine)"
MUSL_FLAGS+=" -ffunction-sections -fdata-sections -fno-pie"
# Nothing unwinds these programs; the tables would be an eighth of them.
MUSL_FLAGS+=" -fno-asynchronous-unwind-tables"

# An apt of our own: the machine's sources as deb-src, lists in out/deps.
# Neither /etc/apt nor /var/lib/apt is touched, and no root is needed.
write_source_list() {
  local ID VERSION_CODENAME keyring key=''
  # shellcheck source=/dev/null
  . /etc/os-release
  keyring=/usr/share/keyrings/$ID-archive-keyring.gpg
  [ ! -f "$keyring" ] || key="[signed-by=$keyring]"
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' \
    "Identifier: Packages" | sort -u |
    while read -r site release component; do
      [[ $release == "$VERSION_CODENAME"* ]] || continue
      printf 'deb-src %s %s %s %s\n' "$key" "$site" "$release" "$component"
    done >"$DEPS/src.list"
  [ -s "$DEPS/src.list" ] || return 1
  cp "$DEPS/src.list" "$DEPS/tls.list"
  [ "$VERSION_CODENAME" != bookworm ] ||
    sed -i 's/ bookworm/ trixie/' "$DEPS/tls.list"
}

# own_apt src|tls ARGUMENT...: by that list.
own_apt() {
  local list=$1
  shift
  mkdir -p "$DEPS/lists-$list/partial"
  timeout --foreground -k 10 600 apt-get -qq \
    -o Dir::Etc::SourceList="$DEPS/$list.list" \
    -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$DEPS/lists-$list" -o Dir::Cache::pkgcache= \
    -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root \
    -o Acquire::Retries=3 "$@"
}

fetch_sources() {
  rm -rf "$SOURCES" "$SOURCES.new"
  mkdir -p "$SOURCES.new"
  write_source_list || return 1
  own_apt src update && own_apt tls update || return 1
  cd "$SOURCES.new" || return 1
  own_apt src source libuv1 cjson && own_apt tls source mbedtls || return 1
  mv cjson-*/ cjson && mv libuv1-*/ libuv && mv mbedtls-*/ mbedtls || return 1
  grep -q 'VERSION_STRING .*"3\.' mbedtls/include/mbedtls/build_info.h || return 1
  cd .. && mv "$SOURCES.new" "$SOURCES"
}

build_libuv() {
  CC=musl-gcc CFLAGS=$MUSL_FLAGS cmake -S "$SOURCES/libuv" -B "$DEPS/uv" \
    -DCMAKE_BUILD_TYPE=MinSizeRel -DBUILD_TESTING=OFF -DLIBUV_BUILD_TESTS=OFF &&
    cmake --build "$DEPS/uv" --target uv_a -j "$JOBS" || return 1
  mkdir -p "$DEPS/pkgconfig"
  # -L and -l, not a path: a path would land before the objects that need it.
  printf '%s\n' 'Name: libuv-static' 'Description: libuv' \
    "Version: $(uv_version)" "Libs: -L$DEPS/uv -luv_a" \
    "Cflags: -I$SOURCES/libuv/include" >"$DEPS/pkgconfig/libuv-static.pc"
}

uv_version() {
  awk '/define UV_VERSION_(MAJOR|MINOR|PATCH)/ { v = v (v ? "." : "") $3 }
    END { print v }' "$SOURCES/libuv/include/uv/version.h"
}

# build_mbedtls NAME CC FLAGS [OPTION...]: into out/deps/tls-NAME, with only what
# a client needs (tools/mbedtls_config.h): a third of the size.
build_mbedtls() {
  local prefix=$DEPS/tls-$1 cc=$2 flags=$3
  shift 3
  cp tools/mbedtls_config.h "$SOURCES/mbedtls/include/mbedtls/"
  CC=$cc CFLAGS=$flags cmake -S "$SOURCES/mbedtls" -B "$prefix/build" \
    -DCMAKE_BUILD_TYPE=MinSizeRel -DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib "$@" &&
    cmake --build "$prefix/build" -j "$JOBS" &&
    cmake --install "$prefix/build"
}

build_programs() {
  CC=musl-gcc PKG_CONFIG_LIBDIR=$DEPS/pkgconfig cmake -B out/static \
    -DCMAKE_BUILD_TYPE=MinSizeRel -DBUILD_TESTING=OFF \
    -DZPM_CJSON_SRC="$SOURCES" -DCMAKE_PREFIX_PATH="$DEPS/tls-musl" \
    -DCMAKE_C_FLAGS="$MUSL_FLAGS" \
    -DCMAKE_EXE_LINKER_FLAGS="-static -no-pie" &&
    cmake --build out/static -j "$JOBS"
}

# From the same cJSON and Mbed TLS as the programs. libstdc++ stays outside: Node brings it,
# and linking it in would ask for a newer C library (glibc 2.35).
build_addon() {
  ZPM_CJSON_SRC=$SOURCES ZPM_MBEDTLS_PREFIX=$DEPS/tls-glibc \
    npm run --silent build:addon -- -j "$JOBS" --loglevel=warn
}

# check_static PROGRAM: it needs no loader and no library.
check_static() {
  if readelf -ld "$1" | grep -qE 'INTERP|NEEDED'; then
    fail "$1 is not static" "Look at out/log/programs--static.log."
  fi
}

say "zpm release build"
install_missing "musl-gcc=musl-tools" "dpkg-source=dpkg-dev" "cmake=cmake" \
  "make=build-essential" "pkg-config=pkg-config"
[ -d "$SOURCES/mbedtls" ] || run "fetch libuv, cJSON and Mbed TLS" \
  "apt must have a source with signatures: see out/deps/src.list." fetch_sources
[ -f "$DEPS/uv/libuv_a.a" ] ||
  run "libuv (musl)" "Delete out/deps and try again." build_libuv
[ -f "$DEPS/tls-musl/lib/libmbedtls.a" ] ||
  run "Mbed TLS (musl)" "Delete out/deps and try again." \
    build_mbedtls musl musl-gcc "$MUSL_FLAGS"
[ -f "$DEPS/tls-glibc/lib/libmbedtls.a" ] ||
  run "Mbed TLS (addon)" "Delete out/deps and try again." \
    build_mbedtls glibc gcc "-ffunction-sections -fdata-sections" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
run "programs (static)" "Mend what the compiler reports." build_programs
bash tools/setup.sh
run "addon (release)" "Mend what the compiler reports." build_addon
mkdir -p "$TARGET"
for program in zpm zpm-keeper; do
  check_static out/static/$program
  install -s -m 755 out/static/$program "$TARGET/$program"
  printf '  %s %s bytes\n' "$TARGET/$program" "$(stat -c %s "$TARGET/$program")"
done
install -s -m 644 build/Release/zpm.node "$TARGET/zpm.node"
printf '  %s %s bytes\n' "$TARGET/zpm.node" "$(stat -c %s "$TARGET/zpm.node")"
say "Ready: $TARGET/zpm $("$TARGET/zpm" --version)"
