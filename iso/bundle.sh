#!/usr/bin/env bash
# bundle.sh OUT SLOT VERSION BUNDLE [COMPATIBLE]: signs a slot as an update, with the key that keys.sh found or made in OUT.
set -euo pipefail
OUT=${1:?usage: bundle.sh OUT SLOT VERSION BUNDLE} SLOT=${2:?} VERSION=${3:?} BUNDLE=${4:?}
WORK=$(mktemp -d --tmpdir="$OUT")
trap 'rm -rf "$WORK"' EXIT
mkdir "$WORK/in"
ln "$SLOT" "$WORK/in/slot.img"
cat >"$WORK/in/manifest.raucm" <<END
[update]
compatible=${5:-forebay-amd64}
version=$VERSION

[bundle]
format=verity

[image.slot]
filename=slot.img
END
rm -f "$BUNDLE"
rauc bundle --cert="${UPDATE_CERT:-$OUT/keys/test.cert.pem}" --key="${UPDATE_KEY:-$OUT/keys/test.key.pem}" "$WORK/in" "$BUNDLE" >"$WORK/log" 2>&1 ||
  { cat "$WORK/log" >&2 && exit 1; }
