#!/usr/bin/env bash
# medium.sh TREE SLOT ISO: the hybrid image, for discs and USB sticks, BIOS and UEFI with Secure Boot. Its loaders are those of TREE.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
TREE=${1:?usage: medium.sh TREE SLOT ISO} SLOT=${2:?usage: medium.sh TREE SLOT ISO} ISO=${3:?usage: medium.sh TREE SLOT ISO}
WORK=$(mktemp -d --tmpdir="$(dirname "$ISO")")
trap 'rm -rf "$WORK"' EXIT
DISC=$WORK/disc ESP=$WORK/efi.img LOADERS=$TREE/usr/lib

mkdir -p "$DISC"/{forebay,boot/grub/i386-pc,EFI/BOOT}
ln "$SLOT" "$DISC/forebay/slot.squashfs"
cp -L "$TREE/boot/vmlinuz" "$TREE/boot/initrd.img" "$DISC/forebay/"
(cd "$DISC" && sha256sum forebay/* >SHA256SUMS)
cp "$ROOT/iso/grub/medium.cfg" "$DISC/boot/grub/grub.cfg"

# UEFI: the shim that Microsoft signed, the GRUB for discs that Debian signed.
cp "$LOADERS/shim/shimx64.efi.signed" "$DISC/EFI/BOOT/BOOTX64.EFI"
cp "$LOADERS/shim/mmx64.efi.signed" "$DISC/EFI/BOOT/mmx64.efi"
cp "$LOADERS/grub/x86_64-efi-signed/gcdx64.efi.signed" "$DISC/EFI/BOOT/grubx64.efi"
truncate -s 8M "$ESP"
mkfs.vfat -i 46524259 --invariant -n EFIBOOT "$ESP" >/dev/null
mmd -i "$ESP" ::/EFI ::/EFI/BOOT
find "$DISC" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
mcopy -m -i "$ESP" "$DISC"/EFI/BOOT/* ::/EFI/BOOT/
cp "$ESP" "$DISC/boot/grub/efi.img"

# BIOS: a core image for discs.
cp "$LOADERS"/grub/i386-pc/*.{mod,lst} "$DISC/boot/grub/i386-pc/"
chroot "$TREE" grub-mkimage -O i386-pc-eltorito -p /boot/grub -o /tmp/eltorito.img \
  biosdisk iso9660 part_gpt part_msdos normal linux configfile search search_label serial
mv "$TREE/tmp/eltorito.img" "$DISC/boot/grub/eltorito.img"

find "$DISC" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
rm -f "$ISO"
xorriso -as mkisofs -quiet -o "$ISO" -V FOREBAY -R -J -joliet-long -iso-level 3 \
  -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
  --grub2-mbr "$LOADERS/grub/i386-pc/boot_hybrid.img" \
  -eltorito-alt-boot -e boot/grub/efi.img -no-emul-boot -append_partition 2 0xef "$ESP" -appended_part_as_gpt \
  -partition_offset 16 "$DISC" 2>"$WORK/xorriso.log" || { cat "$WORK/xorriso.log" >&2; fail "xorriso could not write $ISO"; }
