# shellcheck shell=bash
# One backup: Redis first, then the files, so that every file which a saved job names is saved too.

# save: 0 when all is in the repository; else the reason is told and kept in the status.
save() {
  local begun code=0
  begun=$(clock)
  last_attempt=$begun state_now=running
  request=$(read_request)
  write_status
  make_backup || code=$?
  if ((code == 0)); then
    last_success=$(clock) seconds=$(($(clock) - begun)) failures=0 state_now="done" message=
    say "backup $snapshot: $bytes bytes, $added_bytes of them new, $seconds s"
    maintain
  else
    failures=$((failures + 1)) state_now=failed
    say "$message" >&2
  fi
  write_status
  # A wish that came meanwhile stays.
  if [[ -n $request && $(read_request) == "$request" ]]; then rm -f "$state/request"; fi
  if ((code == 78)); then exit 78; fi
  return "$code"
}

# The wish's id: letters, digits and dashes.
read_request() {
  local id=
  if [[ -s $state/request ]]; then read -r -n 64 id <"$state/request" || true; fi
  if [[ $id =~ ^[A-Za-z0-9-]+$ ]]; then printf %s "$id"; fi
}

make_backup() {
  local folder errors=$state/errors summary=$state/summary code=0
  for folder in "${folders[@]}"; do
    if [[ ! -d $DATA_DIRECTORY/$folder ]]; then
      # restic would leave it out without a fault.
      message="The folder $DATA_DIRECTORY/$folder is not there, and it belongs to the backup: is its disk mounted?"
      return 1
    fi
  done
  open_repository || return
  opened=yes
  write_status
  # Locks whose program is gone: this machine's dead ones, others' after 30 minutes. Others at work keep theirs.
  run restic unlock --quiet >/dev/null 2>&1 || true
  copy_redis || return
  if [[ -f $state/inbox/stack.json ]]; then mv -f "$state/inbox/stack.json" "$state/copy/stack.json"; fi
  snapshot_folders "$summary" "$errors" || code=$?
  # 3: some files could not be read. What vanished meanwhile is none of the second time's.
  if ((code == 3)); then
    code=0
    snapshot_folders "$summary" "$errors" || code=$?
  fi
  if ((code == 3)); then
    message="Some files could not be read, the backup lacks them: $(head -n 1 "$errors")"
    return 1
  fi
  if ((code != 0)); then
    message=$(why "$errors")
    return 1
  fi
  snapshot=$(field snapshot_id "$summary")
  bytes=$(field total_bytes_processed "$summary")
  added_bytes=$(field data_added "$summary")
}

# From DATA_DIRECTORY, so that a backup looks the same wherever that folder was.
snapshot_folders() {
  local summary=$1 errors=$2
  local code=0
  pushd "$DATA_DIRECTORY" >/dev/null || return
  # Files on their way in are not files yet.
  run restic backup --quiet --json --host "$BACKUP_NAME" --tag comfymulti \
    --exclude .incoming --exclude '*.partial' \
    backup/copy "${folders[@]}" >"$summary" 2>"$errors" || code=$?
  popd >/dev/null || return
  return "$code"
}

field() { sed -n "s/.*\"message_type\":\"summary\".*\"$1\":\"\\{0,1\\}\\([0-9a-f]*\\).*/\\1/p" "$2"; }

# Redis sends a snapshot of one moment, as to a replica: nothing is written on its disk, its folder
# need not be seen, and its user for it can do nothing else. The append-only file would have to stand
# still while it is copied.
copy_redis() {
  local errors=$state/errors copy=$state/copy/redis.rdb
  rm -f "$copy.partial"
  if ! REDISCLI_AUTH=$REDIS_PASSWORD run timeout 900 redis-cli -h "$APP_SERVER_REDIS_HOST" -p "$REDIS_PORT" \
    --user "$REDIS_USERNAME" --no-auth-warning --rdb "$copy.partial" >/dev/null 2>"$errors"; then
    message="Redis at $APP_SERVER_REDIS_HOST:$REDIS_PORT did not give its copy: $(tail -n 1 "$errors")"
    return 1
  fi
  if ! run redis-check-rdb "$copy.partial" >"$errors" 2>&1; then
    message="The copy that Redis gave is not whole: $(tail -n 1 "$errors")"
    return 1
  fi
  mv -f "$copy.partial" "$copy" || return
}

# Old backups go by the rules of keeping; once a day the space is given back, and the repository is
# checked, a thirtieth of its content byte by byte. What fails here does not make the backup one that failed.
maintain() {
  local errors=$state/errors now due=no day
  now=$(clock)
  day=$((now / 86400 % 30 + 1))
  if ((now >= last_maintenance + MAINTENANCE_SECONDS)); then due=yes; fi
  # All of one day: a backup before a change is not replaced by the one after it.
  local forget=(restic forget --quiet --host "$BACKUP_NAME" --tag comfymulti --group-by host --keep-within 1d
    --keep-hourly "$KEEP_HOURLY" --keep-daily "$KEEP_DAILY" --keep-weekly "$KEEP_WEEKLY")
  if [[ $due == yes ]]; then forget+=(--prune); fi
  if ! run "${forget[@]}" >/dev/null 2>"$errors"; then
    message="Old backups could not be removed: $(why "$errors")"
    say "$message" >&2
    return 0
  fi
  if [[ $due == no ]]; then return 0; fi
  if ! run restic check --quiet --read-data-subset "$day/30" >/dev/null 2>"$errors"; then
    message="The repository has a fault: $(why "$errors")"
    say "$message" >&2
    return 0
  fi
  last_maintenance=$now
}
