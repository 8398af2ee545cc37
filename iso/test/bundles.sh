#!/usr/bin/env bash
# bundles.sh OUT [small]: from what build.sh left in OUT, an update, one that does not start, and those that a box must refuse; each on a medium.
# `small` makes only those to judge, none to write, and leaves them as files.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath "${1:?usage: bundles.sh OUT [small]}") SMALL=${2:-}
TEST=$OUT/test
BASE=$(cat "$OUT/root/usr/lib/box/version")
mkdir -p "$TEST"

slot() { # version, pseudo files
  COMPRESSION=gzip "$ROOT/iso/squash.sh" "$OUT/root" "$TEST/$1.squashfs" "usr/lib/box/version f 644 0 0 echo $1" "${@:2}"
}

medium() { # name, bundle
  local size=$(($(stat -c %s "$2") / 1000000 + 24))
  rm -f "$TEST/$1.stick"
  truncate -s "${size}M" "$TEST/$1.stick"
  mkfs.vfat -n FOREBAYUPD "$TEST/$1.stick" >/dev/null
  mcopy -i "$TEST/$1.stick" "$2" "::/$1.raucb"
  rm "$2"
}

bundle() { # name, slot, version, product
  "$ROOT/iso/bundle.sh" "$OUT" "$2" "$3" "$TEST/$1.raucb" "${4:-forebay-amd64}"
}

full() {
  step "making an update and one that does not start"
  slot "$BASE+1"
  slot "$BASE+2" 'usr/bin/forebay f 755 0 0 printf "#!/bin/sh\nexit 1\n"'
  bundle update "$TEST/$BASE+1.squashfs" "$BASE+1"
  bundle broken "$TEST/$BASE+2.squashfs" "$BASE+2"
  medium update "$TEST/update.raucb"
  medium broken "$TEST/broken.raucb"
  rm "$TEST"/*.squashfs
}

[ "$SMALL" = small ] || full
step "making those that are refused"
mkdir -p "$TEST/small"
head -c 1000000 /dev/urandom >"$TEST/small/file"
COMPRESSION=gzip "$ROOT/iso/squash.sh" "$TEST/small" "$TEST/small.squashfs"
bundle older "$TEST/small.squashfs" 0.0.1
bundle other-product "$TEST/small.squashfs" "$BASE+9" another-amd64
bundle truncated "$TEST/small.squashfs" "$BASE+9"
truncate -s -5000 "$TEST/truncated.raucb"
mkdir -p "$TEST/foreign"
"$ROOT/iso/keys.sh" "$TEST/foreign" >/dev/null
UPDATE_CERT=$TEST/foreign/keys/test.cert.pem UPDATE_KEY=$TEST/foreign/keys/test.key.pem bundle foreign "$TEST/small.squashfs" "$BASE+9"
cp "$TEST/small.squashfs" "$TEST/unsigned.raucb"
bundle accepted "$TEST/small.squashfs" "$BASE+9"
rm -r "$TEST/small" "$TEST/small.squashfs"
[ "$SMALL" != small ] || exit 0
rm "$TEST/accepted.raucb"
for name in older other-product truncated foreign unsigned; do medium "$name" "$TEST/$name.raucb"; done
