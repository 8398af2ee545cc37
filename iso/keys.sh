#!/usr/bin/env bash
# keys.sh OUT: leaves in OUT/keyring.pem whom the box believes: UPDATE_KEYRING, or a test key that is made here and is good for this build alone.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
OUT=${1:?usage: keys.sh OUT}
KEYS=$OUT/keys

if [ -n "${UPDATE_KEYRING:-}${UPDATE_KEY:-}${UPDATE_CERT:-}" ]; then
  for file in "${UPDATE_KEYRING:-}" "${UPDATE_KEY:-}" "${UPDATE_CERT:-}"; do
    [ -s "$file" ] || fail "UPDATE_KEYRING, UPDATE_KEY and UPDATE_CERT go together, each a file"
  done
  openssl verify -CAfile "$UPDATE_KEYRING" "$UPDATE_CERT" >/dev/null || fail "UPDATE_CERT is not signed by what is in UPDATE_KEYRING"
  install -m 644 "$UPDATE_KEYRING" "$OUT/keyring.pem"
  exit
fi
mkdir -p "$KEYS"
chmod 700 "$KEYS"
if [ ! -s "$KEYS/test.cert.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7300 -subj '/CN=Forebay test updates, not for release' \
    -keyout "$KEYS/test.key.pem" -out "$KEYS/test.cert.pem" 2>/dev/null
fi
step "updates are signed with a test key: name a key of your own for a release (UPDATE_KEY, UPDATE_CERT, UPDATE_KEYRING)"
install -m 644 "$KEYS/test.cert.pem" "$OUT/keyring.pem"
