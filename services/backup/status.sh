# shellcheck shell=bash
# What the backup service says of itself: `status` for the CLI and the health check, lines of
# `name=value`; `metrics/backup.prom` for Prometheus' textfile collector. Times are seconds since 1970.

# waiting, running, done or failed; and the wish that this answers.
state_now=waiting request=
last_attempt=0 last_success=0 last_maintenance=0 failures=0
# Of the last success.
snapshot='' seconds=0 bytes=0 added_bytes=0
# A sentence; of the last failure until the next success.
message=
# The repository that this service writes to: to know when it is another one.
repository_id=
# Whether it could be opened since the service began: yes or no.
opened=no

clock() { printf '%(%s)T' -1; }

read_status() {
  local name value
  [[ -f $state/status ]] || return 0
  while IFS='=' read -r name value; do
    case $name in
      state) state_now=$value ;;
      last_attempt | last_success | last_maintenance | failures | seconds | bytes | added_bytes)
        if [[ $value =~ ^[0-9]+$ ]]; then printf -v "$name" %s "$value"; fi
        ;;
      request | snapshot | message | repository_id | opened) printf -v "$name" %s "$value" ;;
      *) ;;
    esac
  done <"$state/status"
}

# Each file is there whole or not at all.
write_status() {
  cat >"$state/status.new" <<STATUS
state=$state_now
request=$request
last_attempt=$last_attempt
last_success=$last_success
last_maintenance=$last_maintenance
failures=$failures
snapshot=$snapshot
seconds=$seconds
bytes=$bytes
added_bytes=$added_bytes
repository_id=$repository_id
opened=$opened
message=${message//$'\n'/ }
STATUS
  mv -f "$state/status.new" "$state/status"
  cat >"$state/metrics/backup.prom.new" <<METRICS
# HELP comfymulti_backup_last_success_timestamp_seconds When the last complete backup was made.
# TYPE comfymulti_backup_last_success_timestamp_seconds gauge
comfymulti_backup_last_success_timestamp_seconds $last_success
# HELP comfymulti_backup_last_attempt_timestamp_seconds When a backup was last begun.
# TYPE comfymulti_backup_last_attempt_timestamp_seconds gauge
comfymulti_backup_last_attempt_timestamp_seconds $last_attempt
# HELP comfymulti_backup_last_check_timestamp_seconds When the repository was last found sound.
# TYPE comfymulti_backup_last_check_timestamp_seconds gauge
comfymulti_backup_last_check_timestamp_seconds $last_maintenance
# HELP comfymulti_backup_failures Failures since the last success.
# TYPE comfymulti_backup_failures gauge
comfymulti_backup_failures $failures
# HELP comfymulti_backup_interval_seconds How often a backup is due.
# TYPE comfymulti_backup_interval_seconds gauge
comfymulti_backup_interval_seconds $INTERVAL_SECONDS
# HELP comfymulti_backup_duration_seconds How long the last complete backup took.
# TYPE comfymulti_backup_duration_seconds gauge
comfymulti_backup_duration_seconds $seconds
# HELP comfymulti_backup_bytes What the last complete backup holds.
# TYPE comfymulti_backup_bytes gauge
comfymulti_backup_bytes $bytes
METRICS
  chmod 644 "$state/metrics/backup.prom.new"
  mv -f "$state/metrics/backup.prom.new" "$state/metrics/backup.prom"
}

# Well while the last complete backup is younger than three intervals. Before the first one: while it
# is under way and has not failed. Never before the bucket was reached and the password fitted.
health() {
  [[ -f $state/status ]] || fail "The backup service has not begun."
  read_status
  local age=$(($(clock) - last_success))
  [[ $opened == yes ]] || fail "The backups are not reached yet: $message"
  if ((last_success == 0)); then
    ((failures == 0)) || fail "No backup was made yet: $message"
  elif ((age > 3 * INTERVAL_SECONDS)); then
    fail "The last backup is $((age / 60)) minutes old: ${message:-another is under way}"
  fi
}
