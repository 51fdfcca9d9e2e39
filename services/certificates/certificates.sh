#!/bin/bash
# Gets a certificate by ACME, keeps it fresh, and puts it where nginx reads it.
#
#   certificates.sh serve     gets it, renews it in time; never ends
#   certificates.sh once      one attempt, if one is due
#   certificates.sh health    0 while a certificate is valid long enough, else 1 and why
#
# README.md tells the variables, files and exit codes.
set -euo pipefail
umask 022

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=services/certificates/status.sh
source "$here/status.sh"
# shellcheck source=services/certificates/files.sh
source "$here/files.sh"
# shellcheck source=services/certificates/acme.sh
source "$here/acme.sh"

# Let's Encrypt takes 5 failed attempts an hour for a name: 15 minutes, doubled up to a day.
readonly FIRST_RETRY_SECONDS=900 LONGEST_RETRY_SECONDS=86400
# How often the site is looked for that is to show the challenge, and how long before that is a failure.
readonly LOOK_SECONDS=2 LONGEST_LOOK_SECONDS=600

say() { printf '%s\n' "$*"; }

# fail SENTENCE: for what may be well the next time.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# refuse SENTENCE: 78, the settings are wrong and another start won't help.
refuse() {
  printf '%s\n' "$*" >&2
  exit 78
}

require() {
  local name
  for name in "$@"; do
    if [[ -z ${!name:-} ]]; then
      refuse "$name is not set: services/certificates/README.md says what it is."
    fi
  done
}

require_programs() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null; then
      refuse "$program is not on this machine: install it (Debian, Ubuntu: sudo apt-get install lego openssl curl)."
    fi
  done
}

# One at a time: the lock goes with the process, however it ends.
take_turn() {
  mkdir -p "$STATE_DIRECTORY/metrics" "$CERTIFICATE_DIRECTORY"
  chmod 700 "$STATE_DIRECTORY"
  exec 9>"$STATE_DIRECTORY/lock"
  flock -n 9 || fail "Another program works on the certificates in $STATE_DIRECTORY: wait for it to end."
}

child=
end() {
  trap - TERM INT
  if [[ -n $child ]]; then
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  exit 143
}
trap end TERM INT

# run COMMAND…: so that a signal does not have to wait for its end.
run() {
  local code=0
  "$@" 9>&- &
  child=$!
  wait "$child" || code=$?
  child=
  return "$code"
}

serve() {
  begin
  while true; do
    attempt || true
    run sleep "$(pause_seconds)"
  done
}

once() {
  begin
  # It does not wait for a site that comes later.
  looking_since=0
  attempt
}

begin() {
  take_turn
  read_status
  # A new wish starts with no failures behind it.
  if [[ $asked_for != "$(wish)" ]]; then failures=0 next_attempt=0 message=; fi
  asked_for=$(wish)
  looking_since=$(clock)
  # nginx starts with something, or it could not show the challenge.
  if ! has_certificate; then place_placeholder; fi
  write_status
}

# Everything that makes a certificate another one.
wish() { printf '%s' "$ACME_SERVER $ACME_EMAIL $CHALLENGE $DOMAINS"; }

# attempt: 0 when the certificate is good for now.
attempt() {
  is_due || return 0
  if (($(clock) < next_attempt)); then return 1; fi
  if [[ $CHALLENGE == http ]] && ! site_shows_challenges; then
    if (($(clock) < looking_since + LONGEST_LOOK_SECONDS)); then return 1; fi
    message="http://$PROBE_ADDRESS does not show what lies in $ACME_DIRECTORY: is nginx up, and does it serve that folder?"
    failed
    return 1
  fi
  last_attempt=$(clock)
  state_now=asking
  write_status
  say "asking $ACME_SERVER for a certificate of $DOMAINS"
  if ask && place_certificate; then
    failures=0 next_attempt=0 message='' issued_for=$(wish) state_now="done"
    write_status
    say "the certificate of $DOMAINS is valid until $(date -u -d "@$(not_after)" '+%Y-%m-%d %H:%M') UTC"
    return 0
  fi
  failed
  return 1
}

failed() {
  local shift=$((failures < 7 ? failures : 7)) seconds
  failures=$((failures + 1))
  seconds=$((FIRST_RETRY_SECONDS << shift))
  if ((seconds > LONGEST_RETRY_SECONDS)); then seconds=$LONGEST_RETRY_SECONDS; fi
  next_attempt=$(($(clock) + seconds)) looking_since=$(($(clock) + seconds)) state_now=failed
  write_status
  say "$message The next attempt is in $((seconds / 60)) minutes." >&2
}

pause_seconds() {
  local wait=$CHECK_SECONDS
  if is_due; then
    wait=$((next_attempt - $(clock)))
    if ((wait < LOOK_SECONDS)); then wait=$LOOK_SECONDS; fi
    if ((wait > CHECK_SECONDS)); then wait=$CHECK_SECONDS; fi
  fi
  printf %s "$wait"
}

command=${1:-}
case $command in
  serve | once | health) ;;
  *) fail "Use: certificates.sh serve | once | health" ;;
esac
require STATE_DIRECTORY CERTIFICATE_DIRECTORY
: "${RENEW_DAYS:=30}" "${CHECK_SECONDS:=43200}"
if [[ $command == health ]]; then
  health
  exit
fi
require DOMAINS ACME_SERVER ACME_EMAIL CHALLENGE
case $CHALLENGE in
  http) require ACME_DIRECTORY PROBE_ADDRESS ;;
  dns) require CLOUDFLARE_DNS_API_TOKEN ;;
  *) refuse "CHALLENGE is http or dns, not $CHALLENGE." ;;
esac
require_programs lego openssl curl flock
read -r -a domains <<<"$DOMAINS"
"$command"
