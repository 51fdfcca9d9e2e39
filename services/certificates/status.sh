# shellcheck shell=bash
# What the certificate service says of itself: `status`, lines of `name=value`; and
# `metrics/certificates.prom` for Prometheus' textfile collector. Times are seconds since 1970.

# waiting, asking, done or failed.
state_now=waiting
last_attempt=0 next_attempt=0 failures=0
# What the attempts are for, and what the certificate that is there was issued for.
asked_for='' issued_for=''
# A sentence; of the last failure until the next success.
message=

clock() { printf '%(%s)T' -1; }

read_status() {
  local name value
  [[ -f $STATE_DIRECTORY/status ]] || return 0
  while IFS='=' read -r name value; do
    case $name in
      last_attempt | next_attempt | failures)
        if [[ $value =~ ^[0-9]+$ ]]; then printf -v "$name" %s "$value"; fi
        ;;
      state) state_now=$value ;;
      asked_for | issued_for | message) printf -v "$name" %s "$value" ;;
      *) ;;
    esac
  done <"$STATE_DIRECTORY/status"
}

# Each file is there whole or not at all.
write_status() {
  cat >"$STATE_DIRECTORY/status.new" <<STATUS
state=$state_now
last_attempt=$last_attempt
next_attempt=$next_attempt
failures=$failures
not_after=$(not_after)
asked_for=$asked_for
issued_for=$issued_for
message=${message//$'\n'/ }
STATUS
  mv -f "$STATE_DIRECTORY/status.new" "$STATE_DIRECTORY/status"
  cat >"$STATE_DIRECTORY/metrics/certificates.prom.new" <<METRICS
# HELP comfymulti_certificate_not_after_timestamp_seconds When the certificate ends; 0 without one.
# TYPE comfymulti_certificate_not_after_timestamp_seconds gauge
comfymulti_certificate_not_after_timestamp_seconds $(not_after)
# HELP comfymulti_certificate_last_attempt_timestamp_seconds When one was last asked for.
# TYPE comfymulti_certificate_last_attempt_timestamp_seconds gauge
comfymulti_certificate_last_attempt_timestamp_seconds $last_attempt
# HELP comfymulti_certificate_failures Failed attempts since the last success.
# TYPE comfymulti_certificate_failures gauge
comfymulti_certificate_failures $failures
METRICS
  mv -f "$STATE_DIRECTORY/metrics/certificates.prom.new" "$STATE_DIRECTORY/metrics/certificates.prom"
}

# Well while the certificate is valid for more than 7 days (a quarter of its life, if that is less).
# Before the first one: while it is being got and no attempt has failed.
health() {
  [[ -f $STATE_DIRECTORY/status ]] || fail "The certificate service has not begun."
  read_status
  if ! has_certificate; then
    ((failures == 0)) || fail "There is no certificate yet: $message"
    return 0
  fi
  local left least=$((7 * 86400)) life
  left=$(($(not_after) - $(clock)))
  life=$(($(not_after) - $(not_before)))
  if ((least > life / 4)); then least=$((life / 4)); fi
  if ((left <= least)); then fail "The certificate is valid for $((left / 3600)) hours more: $message"; fi
}
