#!/usr/bin/env bash
# What a start makes of the data partition, by the script of the initramfs, with a folder in the partition's place: the machine's id and name, the
# network that was kept, and the factory reset that was asked for.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)

if [ "${1:-}" != --in-namespace ]; then
  exec unshare --mount --propagation private "$0" --in-namespace
fi
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mount -t tmpfs tmpfs /run

fail() {
  echo "start.sh: $*" >&2
  exit 1
}

# A new root each time, as on the box; `data` is what outlives it.
start() {
  rm -rf "$WORK/root" /run/box
  mkdir -p "$WORK/root/etc/systemd/network" "$WORK/data" /run/box
  ln -s "$WORK/data" "$WORK/root/data"
  # shellcheck disable=SC2016 # the dollars are the inner shell's
  rootmnt=$WORK/root sh -euc '. "$1"; wait_for() { :; }; e2fsck() { :; }; mount() { :; }; chown() { :; }; mount_data' x "$ROOT/iso/overlay/usr/share/initramfs-tools/scripts/box"
}

start
id=$(cat "$WORK/root/etc/machine-id")
[[ $id =~ ^[0-9a-f]{32}$ ]] || fail "the machine's id is $id"
[ "$(cat "$WORK/root/etc/hostname")" = "forebay-${id:0:4}" ] || fail "the name is not made of the id"
mkdir -p "$WORK/data/box"/{network.d,time,spool} "$WORK/data/forebay/tls"
touch "$WORK/data/box"/{network.d/10-box.network,time/console.sources,tried,update.json} "$WORK/data/forebay"/{forebay.db,tls/key}
start
[ "$(cat "$WORK/root/etc/machine-id")" = "$id" ] || fail "the machine has another id"
[ -e "$WORK/root/etc/systemd/network/10-box.network" ] || fail "the network that was kept is not there"
[ -e "$WORK/data/forebay/forebay.db" ] || fail "the settings are gone"
touch "$WORK/data/box/factory-reset"
start
[ ! -e "$WORK/data/box/factory-reset" ] || fail "the factory reset would be done again"
for gone in forebay/forebay.db forebay/tls box/network.d box/time box/spool box/update.json; do [ ! -e "$WORK/data/$gone" ] || fail "$gone outlives a factory reset"; done
[ ! -e "$WORK/root/etc/systemd/network/10-box.network" ] || fail "the network outlives a factory reset"
[ -e "$WORK/data/box/tried" ] || fail "what the box knows of updates is gone"
[ "$(cat "$WORK/root/etc/machine-id")" = "$id" ] || fail "the machine has another id after a factory reset"
grep -q forgotten /run/box/notice || fail "the screen does not tell of the factory reset"
