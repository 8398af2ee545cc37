#!/usr/bin/env bash
# lint.sh: looks at what goes into the image without building it. What a machine lacks the tool for is skipped, and said.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
OVERLAY=$ROOT/iso/overlay
wrong=0

check() { # what, command
  local told
  if ! command -v "$2" >/dev/null; then
    echo "$1: skipped, $2 is missing"
  elif ! told=$("${@:2}" 2>&1); then
    printf '%s:\n%s\n' "$1" "$told" >&2
    wrong=1
  fi
}

# Against a root of its own, where every program that a unit starts is there by name.
units() {
  local tree unit
  tree=$(mktemp -d)
  mkdir -p "$tree"/{etc,usr/bin,usr/lib/systemd/system}
  cp -r "$OVERLAY/." "$tree/"
  cp "$ROOT/systemd/forebay.service" "$tree/usr/lib/systemd/system/"
  cp -r /usr/lib/systemd/system/. "$tree/usr/lib/systemd/system/" 2>/dev/null
  install -m 755 /dev/null "$tree/usr/bin/forebay"
  for unit in "$OVERLAY"/etc/systemd/system/box-*; do
    unit=$(basename "$unit")
    systemd-analyze verify --root="$tree" --recursive-errors=no --man=no "/etc/systemd/system/${unit/@./@x.}" || { rm -r "$tree" && return 1; }
  done
  rm -r "$tree"
}

# In a network of its own: nothing of this machine's is asked or changed.
firewall() { unshare --map-root-user --net nft --check --file "$OVERLAY/etc/nftables.conf"; }

python_compiles() { python3 -B -c 'import ast, sys; [ast.parse(open(path).read(), path) for path in sys.argv[1:]]' "$@"; }

mapfile -t scripts < <(grep -lE '^#!/usr/bin/env bash|^#!/bin/sh|shellcheck shell=' -r "$ROOT/iso" "$ROOT/.ci" --include='*' --exclude-dir=__pycache__)
check shellcheck shellcheck --severity=warning --external-sources --source-path="$ROOT:$OVERLAY" --exclude=SC1091,SC2154 "${scripts[@]}"
for loader in "$ROOT/iso/grub/medium.cfg" "$OVERLAY/usr/lib/box/grub.cfg"; do check "$loader" grub-script-check "$loader"; done
if command -v nft >/dev/null; then check firewall firewall; else echo 'firewall: skipped, nft is missing'; fi
if command -v systemd-analyze >/dev/null; then check units units; else echo 'units: skipped, systemd-analyze is missing'; fi
check "what the console makes of a network" "$ROOT/iso/test/network.sh"
check "what may not be in the image" "$ROOT/iso/test/check-root.sh"
check python python_compiles "$ROOT"/iso/*.py "$ROOT"/iso/test/*.py
exit $wrong
