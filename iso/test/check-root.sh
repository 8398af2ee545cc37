#!/usr/bin/env bash
# Sees that check-root.sh passes a root without secrets, and refuses one with each of them.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
TREE=$(mktemp -d)
trap 'rm -rf "$TREE"' EXIT

innocent() {
  rm -rf "$TREE"
  mkdir -p "$TREE"/{etc/ssh,etc/apt,var/lib/systemd,root,usr/lib/box}
  : >"$TREE/etc/machine-id"
  echo forebay >"$TREE/etc/hostname"
  echo 'root:!:20000:0:99999:7:::' >"$TREE/etc/shadow"
}

refused() { # what, then a command that puts it there
  innocent
  "${@:2}"
  if "$ROOT/iso/check-root.sh" "$TREE" 2>/dev/null; then
    echo "check-root.sh lets pass: $1" >&2
    exit 1
  fi
}

write() { echo "$2" >"$TREE/$1"; }

innocent
"$ROOT/iso/check-root.sh" "$TREE"
refused "a machine id" write etc/machine-id 0123456789abcdef0123456789abcdef
refused "another host name" write etc/hostname builder
refused "an SSH host key" write etc/ssh/ssh_host_ed25519_key x
refused "a random seed" write var/lib/systemd/random-seed x
refused "sources of packages" write etc/apt/sources.list 'deb http://mirror.example/ trixie main'
refused "a key by its name" write usr/lib/box/update.key x
refused "a key by what is in it" write root/notes '-----BEGIN EC PRIVATE KEY-----'
# shellcheck disable=SC2016 # a hash, not variables
refused "a password" write etc/shadow 'root:$y$j9T$x:20000:0:99999:7:::'
refused "an account without one" write etc/shadow 'guest::20000:0:99999:7:::'
refused "a path of this machine" write var/lib/told "$ROOT/iso"
