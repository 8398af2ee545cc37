#!/usr/bin/env bash
# spool.sh OUT: inside the box's own file system, without starting it: what the daemon may ask of the machine, and each bundle that is
# refused, with its reason. The bundles are those of `bundles.sh OUT small`.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath "${1:?usage: spool.sh OUT}")
TREE=$OUT/root SPOOL=$OUT/root/data/forebay/box STATE=$OUT/root/data/box/update.json

inside() { chroot "$TREE" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" >>"$OUT/spool.log" 2>&1; }

ask() { # word, bundle
  [ -z "${2:-}" ] || cp "$OUT/test/$2.raucb" "$SPOOL/bundle.raucb"
  echo "$1" >"$SPOOL/request"
  inside /usr/lib/box/spool || fail "$1 ${2:-}: the box's script failed; $OUT/spool.log"
  [ ! -e "$SPOOL/request" ] || fail "$1: the request is still there"
}

expect() { # what, filter of jq that has to be true
  chroot "$TREE" jq -e "$2" /data/box/update.json >/dev/null || fail "$1: $2 is not so in $(cat "$STATE")"
}

start() { # what a start of the box makes of the state
  inside bash -c '. /usr/lib/box/state.sh; state_at_start "$(cat /usr/lib/box/version)" A 1000000; state_change ".kept = $1"' x "$1"
}

stories() {
  mount -t tmpfs tmpfs "$TREE/data"
  mount -t tmpfs tmpfs "$TREE/run"
  mount -t proc proc "$TREE/proc"
  mount --bind /dev "$TREE/dev"
  mkdir -p "$TREE"/data/{box,forebay/box} "$TREE/run/box"
  : >"$OUT/spool.log"

  start false
  expect "a first start" '.state == "idle" and .running != null and .slot == "A" and .slot_bytes == 1000000 and .last == null'
  ask check accepted
  expect "a version that is not yet kept" '.state == "idle" and .code == "not-yet-kept"'
  start true
  rm "$SPOOL/bundle.raucb"
  ask check
  expect "no bundle" '.state == "refused" and .code == "no-bundle"'
  ask apply
  expect "nothing to apply" '.state == "refused" and .code == "not-now"'
  ask restart
  expect "nothing to restart into" '.code == "not-now"'
  ask 'rm -rf /'
  expect "another word" '.code == "unknown-request"'

  local name code
  while read -r name code; do
    ask check "$name"
    expect "$name" ".state == \"refused\" and .code == \"$code\" and (.reason | length > 10)"
    [ ! -e "$TREE/data/box/spool/bundle.raucb" ] || fail "$name was not thrown away"
  done <<<"older older
other-product other-product
truncated not-signed
foreign not-signed
unsigned not-signed"

  ask check accepted
  expect "ours" '.state == "accepted" and .code == null and (.offered | endswith("+9"))'
  ask cancel
  expect "cancelled" '.state == "idle" and .offered == null'
  [ ! -e "$TREE/data/box/spool/bundle.raucb" ] || fail "the cancelled bundle was not thrown away"
  ask check accepted
  inside bash -c 'rauc info --output-format=shell /data/box/spool/bundle.raucb | sed -n "s/^RAUC_IMAGE_DIGEST_0=.\(.*\).$/\1/p" >/data/box/tried'
  ask check accepted
  expect "tried before" '.state == "refused" and .code == "tried"'
  rm "$TREE/data/box/tried"
  ask check accepted
  # There are no slots here.
  ask apply
  expect "what cannot be written" '.state == "refused" and .code == "not-written"'
  [ ! -e "$TREE/data/box/tried" ] || fail "what was not written counts as tried"

  ln -s /etc/shadow "$SPOOL/bundle.raucb"
  ask check
  expect "a link instead of a bundle" '.code == "no-bundle"'
  [ -s "$TREE/etc/shadow" ] || fail "the link was followed"
  ln -s /etc/shadow "$SPOOL/request"
  inside /usr/lib/box/spool
  expect "a link instead of a request" '.code == "unknown-request"'
  [ ! -L "$SPOOL/request" ] || fail "the link is still there"
  [ -s "$TREE/etc/shadow" ] || fail "the link was followed"
  inside bash -c '. /usr/lib/box/state.sh; state_enter writing'
  ask cancel
  expect "cancelled while it is written" '.state == "writing" and .code == "not-now"'
  start false
  expect "the power went while it was written" '.state == "failed" and .code == "interrupted"'
  echo '{"sta' >"$STATE"
  start true
  expect "a state that is not whole" '.state == "idle" and .kept'
}

if [ "${2:-}" = --in-namespace ]; then
  stories
  exit
fi
unshare --mount --propagation private "$0" "$OUT" --in-namespace
