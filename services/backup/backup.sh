#!/bin/bash
# Backs up an app server: what Redis holds, participants' files and settings, the stack's state.
#
#   backup.sh serve                      regularly, and whenever one is asked for; never ends
#   backup.sh once                       one backup now, where no service runs
#   backup.sh health                     0 while backups are young enough, else 1 and why
#   backup.sh list                       the backups that are there, as restic's JSON
#   backup.sh fetch SNAPSHOT FOLDER      the content of a backup into a new folder
#   backup.sh restore SNAPSHOT           puts it in the place of DATA_DIRECTORY's; nothing may run
#
# SNAPSHOT is an id of `list`, or "latest". README.md tells the variables, files and exit codes.
set -euo pipefail
umask 077

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=services/backup/status.sh
source "$here/status.sh"
# shellcheck source=services/backup/repository.sh
source "$here/repository.sh"
# shellcheck source=services/backup/save.sh
source "$here/save.sh"
# shellcheck source=services/backup/restore.sh
source "$here/restore.sh"

readonly LONGEST_RETRY_SECONDS=300
# How soon a wish for a backup is noticed.
readonly LOOK_SECONDS=2

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
    if [[ -z ${!name:-} ]]; then refuse "$name is not set: services/backup/README.md says what it is."; fi
  done
}

require_programs() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null; then
      refuse "$program is not on this machine: install it (Debian, Ubuntu: sudo apt-get install restic redis-tools)."
    fi
  done
}

# One at a time: the lock goes with the process, however it ends.
take_turn() {
  mkdir -p "$state" "$state/inbox" "$state/copy" "$state/metrics"
  # Mounted by itself where another user collects it; there are no secrets in it.
  chmod 755 "$state/metrics"
  exec 9>"$state/lock"
  flock -n 9 || fail "Another backup or restore is at work in $state: wait for it to end."
}

# The program under way gets the signal that makes it put its things in order.
child=
end() {
  trap - TERM INT
  if [[ -n $child ]]; then
    kill -INT "$child" 2>/dev/null || true
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
  take_turn
  read_status
  # At once after every start: what other settings lead to shows while somebody looks.
  local next=0
  failures=0 opened=no state_now=waiting
  write_status
  while true; do
    if (($(clock) >= next)) || [[ -s $state/request ]]; then
      if save; then
        next=$(($(clock) + INTERVAL_SECONDS))
      else
        next=$(($(clock) + $(wait_after_failure)))
      fi
    fi
    run sleep "$LOOK_SECONDS"
  done
}

# 5 s after the first failure, doubled up to five minutes or the interval.
wait_after_failure() {
  local seconds=$((5 << (failures > 7 ? 7 : failures - 1)))
  ((seconds <= LONGEST_RETRY_SECONDS)) || seconds=$LONGEST_RETRY_SECONDS
  ((seconds <= INTERVAL_SECONDS)) || seconds=$INTERVAL_SECONDS
  printf %s "$seconds"
}

once() {
  take_turn
  read_status
  save
}

require DATA_DIRECTORY
state=$DATA_DIRECTORY/backup
: "${INTERVAL_SECONDS:=3600}" "${BACKUP_FOLDERS:=files userdata}"
: "${KEEP_HOURLY:=48}" "${KEEP_DAILY:=14}" "${KEEP_WEEKLY:=8}" "${MAINTENANCE_SECONDS:=86400}"
read -r -a folders <<<"$BACKUP_FOLDERS"
export RESTIC_CACHE_DIR=${RESTIC_CACHE_DIR:-$state/cache}

command=${1:-}
case $command in
  health)
    health
    exit
    ;;
  serve | once)
    require APP_SERVER_REDIS_HOST REDIS_PORT REDIS_USERNAME REDIS_PASSWORD
    require_programs redis-cli redis-check-rdb
    ;;
  list | fetch | restore) ;;
  *) fail "Use: backup.sh serve | once | health | list | fetch SNAPSHOT FOLDER | restore SNAPSHOT" ;;
esac
require BACKUP_NAME RESTIC_REPOSITORY RESTIC_PASSWORD
require_programs restic flock timeout
"$command" "${@:2}"
