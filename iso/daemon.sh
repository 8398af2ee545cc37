#!/usr/bin/env bash
# daemon.sh OUT: compiles the daemon and packs it, inside a root of the image's own suite, since it links FFmpeg by soname.
#
# OUT/build-root is that root, made once; OUT/daemon is cargo's folder; the package is left in OUT. Sources, toolchain and crates are
# mounted read-only, in a mount namespace of this script's own: nothing stays mounted, whatever happens.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath -m "${1:?usage: daemon.sh OUT}")
BUILD_ROOT=$OUT/build-root

compile() { # runs in the namespace
  local toolchain=$1 crates=$2 at=$BUILD_ROOT
  mkdir -p "$at"/{src,rust,cargo/registry,target,out}
  read_only "$ROOT" "$at/src"
  # Where the daemon's build script leaves a page that stands in for the admin UI.
  mount --bind "$ROOT/admin-ui/dist" "$at/src/admin-ui/dist"
  read_only "$toolchain" "$at/rust"
  read_only "$crates" "$at/cargo/registry"
  mount --bind "$OUT/daemon" "$at/target"
  mount --bind "$OUT" "$at/out"
  # Without it rustc does not find its own library.
  mount -t proc proc "$at/proc"
  # Always the same moment: with another one cargo compiles C libraries anew.
  inside env SOURCE_DATE_EPOCH=315532800 cargo --quiet build --locked --offline --release -p forebay
  inside bash iso/deb.sh /target/release/forebay /out
}

inside() {
  chroot "$BUILD_ROOT" env -i -C /src HOME=/root PATH=/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    CARGO_HOME=/cargo CARGO_TARGET_DIR=/target SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"
}

read_only() { # from, to
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

if [ "${2:-}" = --in-namespace ]; then
  compile "$3" "$4"
  exit
fi

need mmdebstrap unshare cargo
[ "$(id -u)" = 0 ] || fail "a root file system can only be made as root"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
mkdir -p "$OUT/daemon" "$ROOT/admin-ui/dist"
if [ ! -e "$BUILD_ROOT/.whole" ]; then
  step "making the build root of Debian $SUITE"
  rm -rf --one-file-system "$BUILD_ROOT"
  sources main | mmdebstrap --quiet --variant=minbase --mode=root --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' --include="$(packages "$ROOT/iso/packages.build")" "$SUITE" "$BUILD_ROOT" -
  touch "$BUILD_ROOT/.whole"
fi
step "fetching crates"
cd "$ROOT"
cargo --quiet fetch --locked
step "compiling the daemon in it"
unshare --mount --propagation private "$0" "$OUT" --in-namespace "$(rustc --print sysroot)" "${CARGO_HOME:-$HOME/.cargo}/registry"
