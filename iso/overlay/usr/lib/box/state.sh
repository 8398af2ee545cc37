# shellcheck shell=bash
# What the browser sees of updates: one line of JSON, replaced whole, which the daemon reads and never writes; iso/README.md has its
# fields. A box that is only tried has none.

STATE=${STATE:-/data/box/update.json}

# The state with FILTER of jq applied to it; what follows are jq's own arguments (--arg NAME VALUE). A state that cannot be written, as on
# a full disk, stops neither an update nor the health gate.
state_change() { # filter, arguments of jq
  [ -e "$STATE" ] || return 0
  jq -c "${@:2}" "$1" "$STATE" >"$STATE.new" && chmod 644 "$STATE.new" && mv "$STATE.new" "$STATE" || echo "$STATE cannot be written" >&2
}

# A new state, and why it came to it.
state_enter() { # state, code, reason
  state_change '.state = $state | .progress_percent = null | .at_unix_s = (now | floor)
    | .code = ($code | if . == "" then null else . end) | .reason = ($reason | if . == "" then null else . end)' \
    --arg state "$1" --arg code "${2:-}" --arg reason "${3:-}"
}

# Why nothing changed.
state_note() { # code, reason
  state_change '.code = $code | .reason = $reason' --arg code "$1" --arg reason "$2"
}

state() { jq -r .state "$STATE"; }

# What a start makes of the state that the last run left.
state_at_start() { # running version, slot, bytes of a slot
  [ -s "$STATE" ] && jq -e 'type == "object"' "$STATE" >/dev/null 2>&1 ||
    echo '{"state":"idle","last":null}' >"$STATE" || return 0
  state_change '{state, running: $running, slot: $slot, kept: false, slot_bytes: $bytes, offered, progress_percent: null, code, reason, at_unix_s, last}
    | .at_unix_s //= (now | floor)
    | if .state == "checking" or .state == "writing"
      then .state = "failed" | .code = "interrupted" | .reason = "the box started again before it was written"
      elif .state == "written" or .state == "restarting" then .state = "idle" | .offered = null | .code = null | .reason = null
      else . end' --arg running "$1" --arg slot "$2" --argjson bytes "$3"
}
