#!/usr/bin/env bash
# twice.sh OUT: makes the image of OUT a second time, from nothing but the packages that were fetched, and compares. What differs is named.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath "${1:?usage: twice.sh OUT}")
AGAIN=$OUT/again
VERSION=$(version)
# Of the first build.
SOURCE_DATE_EPOCH=$(stat -c %Y "$OUT/root/usr/lib/box/version")
export SOURCE_DATE_EPOCH HARDWARE=${HARDWARE:-no} COMPRESSION=${COMPRESSION:-gzip}

rm -rf --one-file-system "$AGAIN"
mkdir "$AGAIN"
cp -al "$OUT/debs" "$OUT/keys" "$AGAIN/"
DEB=$OUT/forebay_${VERSION}_amd64.deb "$ROOT/iso/build.sh" "$AGAIN" >"$OUT/again.log" 2>&1 || { tail -n 20 "$OUT/again.log" >&2 && exit 1; }
differ=0
for file in "slot-$VERSION.squashfs" "forebay-$VERSION-amd64.iso" packages.txt sbom.cdx.json; do
  if cmp --quiet "$OUT/$file" "$AGAIN/$file"; then
    echo "$file: the same, $(sha256sum "$OUT/$file" | cut -c1-16)"
  else
    echo "$file: differs"
    differ=1
  fi
done
if [ $differ = 1 ]; then
  # Content, then names, owners, modes and times.
  diff -rq --no-dereference "$OUT/root" "$AGAIN/root" 2>/dev/null | head -n 40 || true
  listed() { (cd "$1" && find . -printf '%p %M %U:%G %Ts %l\n' | sort); }
  diff <(listed "$OUT/root") <(listed "$AGAIN/root") | head -n 40 || true
fi
rm -rf --one-file-system "$AGAIN"
exit $differ
