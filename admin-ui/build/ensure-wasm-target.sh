#!/usr/bin/env bash
# Finds or makes what rustc needs to compile for WebAssembly: the standard library for wasm32-unknown-unknown.
#
# Prints, on stdout, KEY=VALUE lines for the environment of the cargo that builds the admin UI; nothing when the toolchain
# already has the target. Says what it does on stderr. Running it again is quick: what it makes is kept in a cache.
#
#   1. The active toolchain has the target: it is used as it is.
#   2. FOREBAY_ALLOW_RUSTUP=1 and rustup is there: `rustup target add`. Off by default, so that nobody's toolchain changes unasked.
#   3. Debian has the library's source for exactly this rustc (package rust-src): it is compiled, offline, for wasm32.
#   4. Debian has a compiler for browsers (package rustc-web): that one, and its source, for the admin UI alone.
#
# For 3 and 4 packages are only downloaded and unpacked, with lists and a cache of our own, from the mirrors that this
# machine's apt already uses: nothing is installed, neither toolchain nor apt sources change, and root is not needed.
set -euo pipefail
shopt -s inherit_errexit

TARGET=wasm32-unknown-unknown
CACHE=${FOREBAY_WASM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forebay/wasm-std}
APT=$CACHE/apt
LISTS_STALE_MIN=720 # package lists older than half a day are fetched again
RUSTC=${RUSTC:-rustc}

log() { echo "wasm target: $*" >&2; }

give_up() {
  log "$*"
  log "Install it yourself and run this again: rustup target add $TARGET"
  exit 1
}

version_field() { "$RUSTC" -vV | sed -n "s/^$1: //p"; }

has_target() { ls "$("$RUSTC" --print target-libdir --target $TARGET)"/libcore-*.rlib >/dev/null 2>&1; }

# Says how cargo reaches the result. With a sysroot, only the crates compiled for wasm32 see it; build scripts and macros do not.
answer() { # sysroot or '', compiler or ''
  local linker
  linker=$("$RUSTC" --print sysroot)/lib/rustlib/$(version_field host)/bin/rust-lld
  [ -z "$2" ] || echo "RUSTC=$2"
  [ -z "$1" ] || echo "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=--sysroot=$1"
  [ ! -x "$linker" ] || echo "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker"
}

# --- Debian packages, by an apt of our own ---

mirror_of() { # label, as in the Release files that this machine's apt has fetched
  # shellcheck disable=SC2016 # apt fills these in
  env -u APT_CONFIG apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' -v label="$1" '$1 == label && !found { print $2; found = 1 }'
}

sources() { # more suites of the main archive
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg main security suite
  main=$(mirror_of Debian)
  security=$(mirror_of Debian-Security)
  [ -n "$main" ] || give_up "apt knows no Debian mirror (run apt-get update first, or this is no Debian)"
  for suite in trixie-backports "$@"; do echo "deb [signed-by=$keyring] $main $suite main"; done
  [ -z "$security" ] || for suite in bookworm-security trixie-security; do
    echo "deb [signed-by=$keyring] $security $suite main"
  done
}

open_apt() { # more suites of the main archive
  command -v apt-get >/dev/null || give_up "this rustc has no $TARGET, and there is no apt to fetch its source with"
  mkdir -p "$APT/lists/partial" "$APT/cache/archives/partial" "$APT/etc"
  unset APT_CONFIG
  sources "$@" >"$APT/etc/sources.new"
  cat >"$APT/apt.conf" <<CONF
Dir::State::lists "$APT/lists";
Dir::Cache "$APT/cache";
Dir::Etc::sourcelist "$APT/etc/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
  export APT_CONFIG=$APT/apt.conf
  if cmp -s "$APT/etc/sources.new" "$APT/etc/sources.list" && [ -n "$(find "$APT/updated" -mmin "-$LISTS_STALE_MIN" 2>/dev/null)" ]; then
    return
  fi
  mv "$APT/etc/sources.new" "$APT/etc/sources.list"
  log "fetching package lists"
  apt-get -qq update >&2
  touch "$APT/updated"
}

newest() { # package, pattern of the version
  apt-cache madison "$1" | awk '{ print $3 }' | grep -E "$2" | head -n 1 || true
}

download() { # package, version; prints the file
  log "downloading $1 $2"
  (cd "$APT/cache" && rm -f "$1"_*.deb && apt-get -qq download "$1=$2" >&2 && ls "$PWD/$1"_*.deb)
}

library_of() { # package file, folder; prints where the standard library's source is
  rm -rf "$2" && mkdir -p "$2"
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards './usr/src/rustc-*/library/*'
  ls -d "$2"/usr/src/rustc-*/library
}

# The package carries the library's own dependencies, so that this needs no network. RUSTC_BOOTSTRAP lets a stable compiler
# build the library which comes with it, as the compiler's own build does.
build_std() { # compiler, library source, sysroot to write
  local out=$3/lib/rustlib/$TARGET/lib scratch
  scratch=$(mktemp -d "$CACHE/build.XXXXXX")
  log "compiling the standard library with $("$1" -V) (about a minute, once)"
  (
    cd "$2"
    env -u CARGO_BUILD_TARGET -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS \
      RUSTC="$1" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zforce-unstable-if-unmarked -Cdebuginfo=0" \
      __CARGO_DEFAULT_LIB_METADATA=wasm-std CARGO_TARGET_DIR="$scratch" \
      cargo build --quiet -Zavoid-dev-deps --manifest-path sysroot/Cargo.toml --release --target $TARGET --offline \
      --config 'source.crates-io.replace-with="vendored-sources"' \
      --config "source.vendored-sources.directory=\"$2/vendor\"" >&2
  )
  rm -rf "$out" "$out.new" && mkdir -p "$out.new"
  cp "$scratch/$TARGET"/release/deps/*.rlib "$out.new/"
  mv "$out.new" "$out"
  rm -rf "$scratch"
}

sweep() { rm -rf "$CACHE/src" "$APT"/cache/*.deb; }

# --- the ways, in order ---

from_rust_src() { # prints the sysroot, or nothing when Debian has no source of this very version
  local release sysroot wanted found
  release=$(version_field release)
  sysroot=$CACHE/rustc-$release-$(version_field commit-hash | cut -c1-9)
  if [ ! -e "$sysroot/complete" ]; then
    wanted="^${release//./\\.}\\+"
    open_apt
    found=$(newest rust-src "$wanted")
    [ -n "$found" ] || { open_apt trixie forky sid && found=$(newest rust-src "$wanted"); }
    [ -n "$found" ] || return 0
    build_std "$RUSTC" "$(library_of "$(download rust-src "$found")" "$CACHE/src")" "$sysroot"
    sweep
    touch "$sysroot/complete"
  fi
  echo "$sysroot"
}

# Debian's packages of one compiler, unpacked and wrapped so that it finds its libraries.
unpack_rustc_web() { # folder, version, pattern of its distribution's versions
  local package
  for package in rustc-web libstd-rust-web-dev "libstd-rust-web-$(cut -d. -f1,2 <<<"$2")"; do
    dpkg -x "$(download "$package" "$2")" "$1"
  done
  ldconfig -p | grep -q 'libLLVM[-.].*22' || dpkg -x "$(download libllvm22 "$(newest libllvm22 "$3")")" "$1"
  mkdir -p "$1/bin"
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' \
    "$1/usr/lib/$(uname -m)-linux-gnu:$1/usr/lib/llvm-22/lib" "$1/usr/bin/rustc" >"$1/bin/rustc"
  chmod +x "$1/bin/rustc"
}

from_rustc_web() { # prints the compiler
  local pattern=. version folder
  ! grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || pattern=deb12
  open_apt
  version=$(newest rustc-web "$pattern")
  [ -n "$version" ] || give_up "this rustc has no $TARGET, and Debian has neither its source nor rustc-web"
  folder=$CACHE/web-$version
  if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder" && mkdir -p "$folder"
    unpack_rustc_web "$folder" "$version" "$pattern"
    build_std "$folder/bin/rustc" "$(library_of "$(download rust-web-src "$version")" "$CACHE/src")" "$folder/usr"
    sweep
    touch "$folder/complete"
  fi
  echo "$folder/bin/rustc"
}

main() {
  local sysroot compiler
  ! has_target || exit 0
  if [ "${FOREBAY_ALLOW_RUSTUP:-0}" = 1 ] && command -v rustup >/dev/null && rustup target add $TARGET >&2 && has_target; then
    exit 0
  fi
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock" && flock 9
  sysroot=$(from_rust_src)
  if [ -n "$sysroot" ]; then
    answer "$sysroot" ''
  else
    log "Debian has no rust-src for $("$RUSTC" -V)"
    compiler=$(from_rustc_web)
    answer '' "$compiler"
  fi
}

main
