# shellcheck shell=bash
# What the box's scripts share; they source it.

LC_ALL=C.UTF-8
export LC_ALL
BOX=/run/box
# Which screen is which: the kernel's consoles, where tty0 is whichever is shown.
consoles() { tr ' ' '\n' </sys/class/tty/console/active; }

# To every console, to the journal (which has standard output), and to the screen of box-console when it is drawn next.
say() {
  local console
  echo "$*"
  for console in $(consoles); do printf '\r\n* %s\r\n' "$*" >"/dev/$console" 2>/dev/null || true; done
  echo "$*" >"$BOX/notice"
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

version() { cat /usr/lib/box/version; }

# From the kernel's command line.
told() { # name
  sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" /proc/cmdline
}
