# shellcheck shell=bash
# Getting a backup back.

list() {
  mkdir -p "$state"
  local errors=$state/errors
  if ! run timeout "$OPEN_SECONDS" restic snapshots --json --no-lock --host "$BACKUP_NAME" --tag comfymulti 2>"$errors"; then
    fail "$(why_not_read "$errors")"
  fi
}

# Nothing is made where a backup is looked for and there is none.
why_not_read() {
  if grep -q "key does not exist\|bucket does not exist\|NoSuchBucket" "$1"; then
    printf '%s' "There are no backups in $RESTIC_REPOSITORY."
  else
    why "$1"
  fi
}

# fetch SNAPSHOT FOLDER: redis/ ready for Redis to start with, the participants' folders, stack.json.
fetch() {
  local wanted=${1:-} target=${2:-} errors found
  if [[ ! $wanted =~ ^(latest|[0-9a-f]{6,64})$ ]]; then
    fail "\"$wanted\" is no backup: give an id of the list, or latest."
  fi
  if [[ $target != /* ]]; then fail "\"$target\" is no absolute path: say where the backup goes."; fi
  if [[ -e $target ]] && ! rmdir "$target" 2>/dev/null; then
    fail "$target is there and not empty: name a new folder."
  fi
  mkdir -p "$state" "$(dirname -- "$target")"
  errors=$(mktemp "$state/errors.XXXXXX")
  if ! found=$(timeout "$OPEN_SECONDS" restic snapshots --json --no-lock --host "$BACKUP_NAME" --tag comfymulti \
    "$wanted" 2>"$errors"); then
    if ! grep -q "no matching ID\|no snapshot found" "$errors"; then fail "$(why_not_read "$errors")"; fi
    found='[]'
  fi
  if [[ $found != *'"id"'* ]]; then
    fail "There is no backup \"$wanted\" of $BACKUP_NAME in $RESTIC_REPOSITORY: --list shows those that are there."
  fi
  rm -rf "$target.partial"
  if ! run restic restore "$wanted" --no-lock --host "$BACKUP_NAME" --tag comfymulti --target "$target.partial" \
    --verify --quiet >/dev/null 2>"$errors"; then
    fail "$(why "$errors") What came is in $target.partial."
  fi
  rm -f "$errors"
  redis_ready "$target.partial"
  sync
  mv -T "$target.partial" "$target"
}

# A Redis that keeps an append-only file ignores dump.rdb. It takes a snapshot as that file's base.
redis_ready() {
  local copy=$1/backup/copy log=$1/redis/appendonlydir
  mkdir -p "$log"
  mv "$copy/redis.rdb" "$log/appendonly.aof.1.base.rdb"
  printf 'file appendonly.aof.1.base.rdb seq 1 type b\n' >"$log/appendonly.aof.manifest"
  if [[ -f $copy/stack.json ]]; then mv "$copy/stack.json" "$1/stack.json"; fi
  rm -rf "$1/backup"
}

# restore SNAPSHOT: what was there goes into a folder beside it, never away.
restore() {
  local wanted=${1:-} fresh old name
  take_turn
  if [[ -n ${APP_SERVER_REDIS_HOST:-} ]] && redis_answers; then
    fail "Redis runs at $APP_SERVER_REDIS_HOST:$REDIS_PORT: take the stack down before its data is replaced."
  fi
  fresh=$DATA_DIRECTORY/restored
  rm -rf "$fresh"
  fetch "$wanted" "$fresh"
  printf -v old '%s/before-restore-%(%Y%m%d-%H%M%S)T' "$DATA_DIRECTORY" -1
  mkdir "$old"
  for name in redis "${folders[@]}"; do
    if [[ -e $DATA_DIRECTORY/$name ]]; then mv "$DATA_DIRECTORY/$name" "$old/$name"; fi
    if [[ -e $fresh/$name ]]; then mv "$fresh/$name" "$DATA_DIRECTORY/$name"; fi
  done
  if [[ -f $fresh/stack.json ]]; then mv -f "$fresh/stack.json" "$state/restored-stack.json"; fi
  rm -rf "$fresh"
  rmdir "$old" 2>/dev/null || say "$old"
  sync
}

redis_answers() { (exec 3<>"/dev/tcp/$APP_SERVER_REDIS_HOST/$REDIS_PORT") 2>/dev/null; }
