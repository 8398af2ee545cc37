#!/usr/bin/env bash
# check-root.sh TREE: fails when the box's file system holds a secret, or anything that tells where it was built.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
TREE=${1:?usage: check-root.sh TREE}
wrong=0

bad() {
  printf 'check-root: %s\n' "$*" >&2
  wrong=1
}

none() { # what is wrong, then arguments of find
  local found
  found=$(find "$TREE" -xdev "${@:2}" -printf '%P ' | head -c 400)
  [ -z "$found" ] || bad "$1: $found"
}

[ ! -s "$TREE/etc/machine-id" ] || bad "/etc/machine-id is not empty"
[ "$(cat "$TREE/etc/hostname")" = forebay ] || bad "/etc/hostname is not ours"
none "SSH host keys" -path '*/etc/ssh/ssh_host_*'
none "a random seed" -path '*/var/lib/systemd/random-seed'
none "sources of packages" -path '*/etc/apt/sources.list*' -type f
none "private keys by name" -type f '(' -name '*.key' -o -name 'id_rsa*' -o -name 'id_ed25519*' -o -name 'mok.*' ')' -size +0 -not -path '*/usr/share/*'
secrets=$(grep -rlIs --exclude-dir=doc -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' "$TREE/etc" "$TREE/var" "$TREE/root" "$TREE/usr/lib/box" | head -n 5 || true)
[ -z "$secrets" ] || bad "private keys in $secrets"
passwords=$(awk -F: '$2 !~ /^[!*]/ { print $1 }' "$TREE/etc/shadow")
[ -z "$passwords" ] || bad "accounts that a password, or none, opens: $passwords"
name=$(hostname)
if [ "${#name}" -ge 4 ] && [ "$name" != localhost ]; then
  named=$(grep -rlIFws "$name" "$TREE/etc" "$TREE/var" | head -n 5 || true)
  [ -z "$named" ] || bad "this machine's name, $name, in $named"
fi
named=$(grep -rlIFs -e "$ROOT" -e "${HOME:-/root}/.cargo" "$TREE/etc" "$TREE/var" "$TREE/usr/lib/box" | head -n 5 || true)
[ -z "$named" ] || bad "a path of this machine in $named"
exit $wrong
