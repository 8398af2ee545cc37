#!/usr/bin/env bash
# squash.sh TREE SLOT [PSEUDO...]: packs a root file system as what goes into a slot. Each PSEUDO is a pseudo-file definition of mksquashfs.
#
# GRUB reads kernel and initramfs out of it: they stay as they are, so that it does so fast.
set -euo pipefail
TREE=${1:?usage: squash.sh TREE SLOT} SLOT=${2:?usage: squash.sh TREE SLOT}
case ${COMPRESSION:-xz} in
gzip) how=(-comp gzip -Xcompression-level 1 -b 256K) ;;
xz) how=(-comp xz -b 1M) ;;
*) echo "squash.sh: COMPRESSION is gzip or xz" >&2 && exit 1 ;;
esac
pseudo=() hidden=()
for definition in "${@:3}"; do
  pseudo+=(-p "$definition")
  hidden+=("${definition%% *}")
done
rm -f "$SLOT"
mksquashfs "$TREE" "$SLOT" -noappend -quiet -no-progress "${how[@]}" -action 'uncompressed@pathname(boot/*)' "${pseudo[@]}" \
  -wildcards -e 'dev/*' 'proc/*' 'sys/*' 'run/*' 'tmp/*' "${hidden[@]}"
