# shellcheck shell=bash
# What the scripts of this folder share; they source it.

# The box's Debian. The short test takes that of the machine, so that the machine's own daemon runs on it.
SUITE=${SUITE:-trixie}
LANG=C.UTF-8
LC_ALL=C.UTF-8
TZ=UTC
export LANG LC_ALL TZ

started_at=$SECONDS

step() { printf '[%4d s] %s\n' $((SECONDS - started_at)) "$*"; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need() { # commands
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || fail "$command is missing: install the package that has it"
  done
}

# Where this machine's own apt gets Debian from, by the label of the archive.
mirror() { # label
  local found
  # shellcheck disable=SC2016 # the dollars are apt's
  found=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' -v label="$1" '$1 == label { print $2; exit }')
  [ -n "$found" ] || fail "apt knows no archive labelled $1; run apt-get update"
  echo "$found"
}

# The suite's archives, as lines of sources.list.
sources() { # components
  local debian security
  debian=$(mirror Debian)
  security=$(mirror Debian-Security)
  printf 'deb %s %s %s\n' "$debian" "$SUITE" "$1" "$debian" "$SUITE-updates" "$1" "$security" "$SUITE-security" "$1"
}

# A list of packages as mmdebstrap takes it.
packages() { # files
  sed 's/#.*//' "$@" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//'
}

# The version of the whole workspace.
version() {
  sed -n '/^\[workspace\.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml"
}
