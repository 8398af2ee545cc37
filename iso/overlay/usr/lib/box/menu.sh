# shellcheck shell=bash
# How the menu of a running box asks and tells; its parts source it.
. /usr/lib/box/common.sh

# A menu that somebody left open goes away.
IDLE_SECS=600
export NEWT_COLORS=root=,black

ask() { timeout --foreground $IDLE_SECS whiptail --title "Forebay $(version)" "$@" 3>&1 1>&2 2>&3; }

tell() { ask --msgbox "$1" 14 76 || true; }
