#!/usr/bin/env bash
# deb.sh BINARY OUT: packs the daemon as OUT/forebay_VERSION_ARCHITECTURE.deb, with the units of systemd/ and the operator's manual.
#
# What it depends on is read off the binary, so it has to run on the Debian that the binary was compiled on.
set -euo pipefail
umask 022
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
BINARY=$(realpath "${1:?usage: deb.sh BINARY OUT}")
OUT=$(realpath -m "${2:?usage: deb.sh BINARY OUT}")
MAINTAINER=${MAINTAINER:-Forebay maintainers <maintainers@forebay.example>}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$ROOT/Cargo.toml")}
export SOURCE_DATE_EPOCH

need dpkg-deb dpkg-shlibdeps strip gzip
[ -n "$(version)" ] || fail "Cargo.toml names no version"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
TREE=$WORK/tree
DOC=$TREE/usr/share/doc/forebay

put() { install -D -m 644 "$1" "$TREE/$2"; } # file, path in the package

compressed() { gzip -9n >"$1"; }

lay_out() {
  install -D -m 755 "$BINARY" "$TREE/usr/bin/forebay"
  strip --strip-unneeded --remove-section=.comment --remove-section=.note "$TREE/usr/bin/forebay"
  put "$ROOT/systemd/forebay.service" usr/lib/systemd/system/forebay.service
  put "$ROOT/systemd/forebay.sysusers.conf" usr/lib/sysusers.d/forebay.conf
  put "$ROOT/systemd/forebay.tmpfiles.conf" usr/lib/tmpfiles.d/forebay.conf
  put "$ROOT/iso/deb/copyright" usr/share/doc/forebay/copyright
  mkdir -p "$DOC"
  cp -r "$ROOT/appliance/docs" "$DOC/manual"
  compressed "$DOC/NEWS.gz" <"$ROOT/CHANGELOG.md"
  compressed "$DOC/changelog.gz" <<EOF
forebay ($(version)) stable; urgency=medium

  * What has changed is in NEWS.gz.

 -- $MAINTAINER  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
EOF
  find "$DOC" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
}

libraries() {
  mkdir -p "$WORK/debian"
  printf 'Source: forebay\n\nPackage: forebay\nArchitecture: any\n' >"$WORK/debian/control"
  (cd "$WORK" && dpkg-shlibdeps -O -e"$TREE/usr/bin/forebay") | sed -n 's/^shlibs:Depends=//p'
}

control() {
  mkdir "$TREE/DEBIAN"
  local script needed
  for script in postinst prerm postrm; do install -m 755 "$ROOT/iso/deb/$script" "$TREE/DEBIAN/$script"; done
  needed=$(libraries)
  [ -n "$needed" ] || fail "dpkg-shlibdeps found no library that the binary needs"
  cat >"$TREE/DEBIAN/control" <<EOF
Package: forebay
Version: $(version)
Architecture: $(dpkg --print-architecture)
Maintainer: $MAINTAINER
Section: video
Priority: optional
Installed-Size: $(du -k -s --exclude=DEBIAN "$TREE" | cut -f1)
Depends: init-system-helpers (>= 1.54~), systemd (>= 252), $needed
Description: live-video appliance for LL-HLS, LL-DASH and HLS
 Forebay takes RTMP and SRT, encodes once on one timeline, and serves every
 viewer with the lowest latency that the device can play. When a source goes or
 an encoder dies, segments keep coming on the same grid.
 .
 It is managed in the browser, keeps its state in /var/lib/forebay, and needs no
 connection to the internet.
EOF
  (cd "$TREE" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  chmod 644 "$TREE/DEBIAN/md5sums"
}

lay_out
control
mkdir -p "$OUT"
find "$TREE" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0 -r touch -h -d "@$SOURCE_DATE_EPOCH"
PACKAGE=$OUT/forebay_$(version)_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build -Zxz "$TREE" "$PACKAGE" >/dev/null
printf 'Built %s, %d kB\n' "$PACKAGE" $(($(stat -c %s "$PACKAGE") / 1000))
