#!/usr/bin/env bash
# root.sh OUT DEB VERSION: makes OUT/root, the file system of the box: Debian, our package, and what lies in overlay/.
#
# OUT/base-*.tar is Debian alone, kept until the list of packages changes; OUT/debs are the packages that were fetched.
# OUT/keyring.pem says whose updates the box takes.
set -euo pipefail
umask 022
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath -m "${1:?usage: root.sh OUT DEB VERSION}")
DEB=$(realpath "${2:?usage: root.sh OUT DEB VERSION}")
VERSION=${3:?usage: root.sh OUT DEB VERSION}
TREE=$OUT/root
SERVICES=(systemd-networkd systemd-resolved nftables chrony run-box-esp.mount box-console box-health box-time.path box-spool.path)
# Nobody logs in at the console: the screen there belongs to box-console.
MASKED=(getty@.service serial-getty@.service autovt@.service console-getty.service getty.target
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer grub-common.service)

needed_by_ours() { dpkg-deb -f "$DEB" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g'; }

wanted() {
  local lists=("$ROOT/iso/packages.image")
  [ "$HARDWARE" = no ] || lists+=("$ROOT/iso/packages.hardware")
  printf '%s,%s\n' "$(packages "${lists[@]}")" "$(needed_by_ours)"
}

base() { # tar
  local components='main non-free-firmware'
  [ "$HARDWARE" = no ] || components+=' contrib non-free'
  mkdir -p "$OUT/debs"
  # shellcheck disable=SC2016 # the dollar is for mmdebstrap's hooks
  sources "$components" | INITRD=No mmdebstrap --quiet --variant=minbase --mode=root --skip=download/empty --skip=essential/unlink \
    --dpkgopt=force-unsafe-io --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --aptopt='APT::Keep-Downloaded-Packages "true"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --setup-hook='mkdir -p "$1/var/cache/apt/archives"' --setup-hook="sync-in $OUT/debs /var/cache/apt/archives" \
    --customize-hook="sync-out /var/cache/apt/archives $OUT/debs" \
    --include="$(wanted)" "$SUITE" "${1%.tar}.part.tar" -
  mv "${1%.tar}.part.tar" "$1"
}

inside() { chroot "$TREE" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"; }

lay_over() {
  # The times of a checkout are nobody's.
  cp -a --no-preserve=ownership,timestamps "$ROOT/iso/overlay/." "$TREE/"
  chmod 755 "$TREE"/usr/lib/box/* "$TREE"/usr/share/initramfs-tools/hooks/box "$TREE"/usr/share/initramfs-tools/scripts/box
  chmod 644 "$TREE"/usr/lib/box/{*.sh,grub.cfg}
  echo "$VERSION" >"$TREE/usr/lib/box/version"
  install -m 644 "$OUT/keyring.pem" "$TREE/etc/rauc/keyring.pem"
  mkdir -p "$TREE/data"
}

ours() { # our package, and the boot files; runs in a mount namespace of its own
  mount -t proc proc "$TREE/proc"
  mount --bind /dev "$TREE/dev"
  rm -f "$TREE"/etc/dpkg/dpkg.cfg.d/*mmdebstrap*
  cp "$DEB" "$TREE/tmp/ours.deb"
  inside dpkg --install /tmp/ours.deb >/dev/null
  rm "$TREE/tmp/ours.deb"
  inside systemctl --quiet enable "${SERVICES[@]}"
  inside systemctl --quiet mask "${MASKED[@]}"
  inside passwd --quiet --lock root
  inside update-initramfs -c -k all >"$OUT/initramfs.log" 2>&1 || { tail -n 20 "$OUT/initramfs.log" >&2; fail "no initramfs"; }
}

# What is of this machine, of this moment, or of no use on the box.
forget() {
  : >"$TREE/etc/machine-id"
  echo forebay >"$TREE/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$TREE/etc/hosts"
  ln -sfn ../run/systemd/resolve/stub-resolv.conf "$TREE/etc/resolv.conf"
  rm -rf "$TREE"/var/lib/dbus/machine-id "$TREE"/var/lib/systemd/random-seed "$TREE"/etc/apt/sources.list* "$TREE"/etc/apt/apt.conf.d/*mmdebstrap* \
    "$TREE"/var/lib/apt/lists/* "$TREE"/var/cache/{apt,debconf,ldconfig}/* "$TREE"/var/log/{apt,*.log} "$TREE"/var/backups/* \
    "$TREE"/etc/{passwd-,group-,shadow-,gshadow-} "$TREE"/tmp/* "$TREE"/var/lib/dkms "$TREE"/var/log/journal
  local kernel
  kernel=$(basename "$(find "$TREE/usr/lib/modules" -mindepth 1 -maxdepth 1 | sort -V | tail -n 1)")
  ln -sfn "vmlinuz-$kernel" "$TREE/boot/vmlinuz"
  ln -sfn "initrd.img-$kernel" "$TREE/boot/initrd.img"
  find "$TREE" -xdev -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0 -r touch -h -d "@$SOURCE_DATE_EPOCH"
}

if [ "${4:-}" = --in-namespace ]; then
  ours
  exit
fi

export HARDWARE=${HARDWARE:-yes}
: "${SOURCE_DATE_EPOCH:?}"
BASE=$OUT/base-$(wanted | cat - <(echo "$SUITE") | sha256sum | cut -c1-12).tar
if [ ! -e "$BASE" ]; then
  step "fetching and unpacking Debian $SUITE"
  rm -f "$OUT"/base-*.tar*
  base "$BASE"
fi
step "laying our own over it"
rm -rf --one-file-system "$TREE"
mkdir -p "$TREE"
tar -C "$TREE" --xattrs --xattrs-include='*' --numeric-owner -xpf "$BASE"
lay_over
unshare --mount --propagation private "$0" "$OUT" "$DEB" "$VERSION" --in-namespace
forget
"$ROOT/iso/check-root.sh" "$TREE"
