# shellcheck shell=bash
# From what somebody chose at the console to the files that systemd-networkd takes. It asks nothing and changes nothing but its folder.

is_address() { [[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] && is_dotted "$1" || [[ $1 == *:*:* && $1 =~ ^[0-9A-Fa-f:]{2,39}$ ]]; }

is_dotted() {
  local number
  for number in ${1//./ }; do [ "$((10#$number))" -le 255 ] || return 1; done
}

# With its prefix, such as 192.0.2.15/24.
is_network_address() {
  [[ $1 == */* && ${1#*/} =~ ^[0-9]{1,3}$ ]] && is_address "${1%/*}" || return 1
  if [[ $1 == *:* ]]; then [ "${1#*/}" -le 128 ]; else [ "${1#*/}" -le 32 ]; fi
}

is_vlan() { [[ $1 =~ ^[0-9]{1,4}$ ]] && [ "$((10#$1))" -ge 1 ] && [ "$((10#$1))" -le 4094 ]; }

is_server() { [[ $1 =~ ^[0-9A-Za-z]([0-9A-Za-z.-]{0,251}[0-9A-Za-z])?$ ]] || is_address "$1"; }

# The lines that say where the addresses come from. No address: by DHCP.
addressing() { # address, gateway, name servers
  if [ -z "$1" ]; then
    printf 'DHCP=yes\nMulticastDNS=yes\n'
  else
    printf 'MulticastDNS=yes\nAddress=%s\n' "$1"
    [ -z "$2" ] || printf 'Gateway=%s\n' "$2"
    [ -z "$3" ] || printf 'DNS=%s\n' "$3"
  fi
  printf '\n[DHCPv4]\nUseDomains=no\n'
}

# One card, or several as a bond; on them a VLAN or none; and addresses there. Cards by the address that they were built with, which
# neither a bond nor a VLAN has.
render() { # folder, cards (MACs), mode of the bond, VLAN, address, gateway, name servers
  local at=$1 cards=$2 mode=$3 vlan=$4 below
  local matched="PermanentMACAddress=$cards"
  if [ -n "$mode" ]; then
    printf '[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=%s\nMIIMonitorSec=100ms\n' "$mode" >"$at/10-box-bond.netdev"
    [ "$mode" != 802.3ad ] || printf 'LACPTransmitRate=fast\nTransmitHashPolicy=layer3+4\n' >>"$at/10-box-bond.netdev"
    printf '[Match]\nPermanentMACAddress=%s\n\n[Network]\nBond=bond0\n' "$cards" >"$at/10-box-member.network"
    matched=Name=bond0
  fi
  below=$(addressing "$5" "$6" "$7")
  if [ -n "$vlan" ]; then
    printf '[NetDev]\nName=vlan%s\nKind=vlan\n\n[VLAN]\nId=%s\n' "$vlan" "$vlan" >"$at/10-box-vlan.netdev"
    printf '[Match]\nName=vlan%s\n\n[Network]\n%s\n' "$vlan" "$below" >"$at/10-box-vlan.network"
    below=$(printf 'VLAN=vlan%s\nLinkLocalAddressing=no' "$vlan")
  fi
  printf '[Match]\n%s\n\n[Network]\n%s\n' "$matched" "$below" >"$at/10-box.network"
}
