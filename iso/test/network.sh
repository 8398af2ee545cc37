#!/usr/bin/env bash
# Sees what the console's menu makes of a network: the files for systemd-networkd, and what it does not take for an address.
set -euo pipefail
export LC_ALL=C
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/iso/overlay/usr/lib/box/network.sh"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
wrong=0

taken() { # check, values
  local value
  for value in "${@:2}"; do "$1" "$value" || { echo "$1 refuses $value" && wrong=1; }; done
}

refused() { # check, values
  local value
  for value in "${@:2}"; do ! "$1" "$value" || { echo "$1 takes $value" && wrong=1; }; done
}

rendered() { # what, the files as expected, arguments of render
  rm -f "$WORK"/*
  render "$WORK" "${@:3}"
  diff -u <(echo "$2") <(cd "$WORK" && grep -H '' -- * | sed 's/^10-box//; /:$/d') || { echo "$1: other files than expected" && wrong=1; }
}

taken is_address 192.0.2.15 0.0.0.0 2001:db8::1 fe80::1
refused is_address 192.0.2 192.0.2.256 192.0.2.1.1 box 'a b' '' 2001:db8::g '192.0.2.1;x'
taken is_network_address 192.0.2.15/24 2001:db8::1/64 10.0.0.1/08
refused is_network_address 192.0.2.15 192.0.2.15/33 2001:db8::1/129 192.0.2.15/ /24 192.0.2.15/2x
taken is_vlan 1 4094 007
refused is_vlan 0 4095 -1 x ''
taken is_server ntp.example 192.0.2.1 2001:db8::1 a
refused is_server '' -x 'a b' 'a;b' x- "a'b"

rendered "one card, DHCP" '.network:[Match]
.network:PermanentMACAddress=52:54:00:00:00:01
.network:[Network]
.network:DHCP=yes
.network:MulticastDNS=yes
.network:[DHCPv4]
.network:UseDomains=no' 52:54:00:00:00:01 '' '' '' '' ''
rendered "one card, an address" '.network:[Match]
.network:PermanentMACAddress=52:54:00:00:00:01
.network:[Network]
.network:MulticastDNS=yes
.network:Address=192.0.2.15/24
.network:Gateway=192.0.2.1
.network:DNS=192.0.2.2 192.0.2.3
.network:[DHCPv4]
.network:UseDomains=no' 52:54:00:00:00:01 '' '' 192.0.2.15/24 192.0.2.1 '192.0.2.2 192.0.2.3'
rendered "a bond with a VLAN" '-bond.netdev:[NetDev]
-bond.netdev:Name=bond0
-bond.netdev:Kind=bond
-bond.netdev:[Bond]
-bond.netdev:Mode=802.3ad
-bond.netdev:MIIMonitorSec=100ms
-bond.netdev:LACPTransmitRate=fast
-bond.netdev:TransmitHashPolicy=layer3+4
-member.network:[Match]
-member.network:PermanentMACAddress=52:54:00:00:00:01 52:54:00:00:00:02
-member.network:[Network]
-member.network:Bond=bond0
-vlan.netdev:[NetDev]
-vlan.netdev:Name=vlan7
-vlan.netdev:Kind=vlan
-vlan.netdev:[VLAN]
-vlan.netdev:Id=7
-vlan.network:[Match]
-vlan.network:Name=vlan7
-vlan.network:[Network]
-vlan.network:MulticastDNS=yes
-vlan.network:Address=192.0.2.15/24
-vlan.network:[DHCPv4]
-vlan.network:UseDomains=no
.network:[Match]
.network:Name=bond0
.network:[Network]
.network:VLAN=vlan7
.network:LinkLocalAddressing=no' '52:54:00:00:00:01 52:54:00:00:00:02' 802.3ad 7 192.0.2.15/24 '' ''
exit $wrong
