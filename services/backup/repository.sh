# shellcheck shell=bash
# The restic repository in the bucket: opening it, and its faults as sentences.

# The network has so long to answer, before the bucket counts as out of reach.
readonly OPEN_SECONDS=30

# why FILE: one sentence for what restic said on its standard error.
why() {
  local text
  text=$(<"$1")
  case $text in
    *"wrong password"*)
      printf '%s' "The password does not open the backups in $RESTIC_REPOSITORY: give the one that they were made with."
      ;;
    *"Access Denied"* | *InvalidAccessKeyId* | *SignatureDoesNotMatch* | *"signature we calculated"* | *"Access Key Id"*)
      printf '%s' "The bucket of $RESTIC_REPOSITORY refuses the access key: check that the key is still valid and may write there."
      ;;
    *"dial tcp"* | *"no such host"* | *timeout* | *"connection re"* | '')
      printf '%s' "$RESTIC_REPOSITORY can't be reached: check its address and this machine's network."
      ;;
    *"no space left"*)
      printf '%s' "The disk of $state is full: free some space."
      ;;
    *"already locked"*)
      printf '%s' "$RESTIC_REPOSITORY is locked by another program: it is tried again; a lock whose program is gone ends after 30 minutes."
      ;;
    *)
      printf '%s' "restic failed on $RESTIC_REPOSITORY: ${text%%$'\n'*}"
      ;;
  esac
}

# Opens the repository, and makes it where there is none. The reason goes to `message`; 78 when only
# other settings help.
open_repository() {
  local errors=$state/errors found id
  found=$state/found
  if run timeout "$OPEN_SECONDS" restic cat config >"$found" 2>"$errors"; then
    id=$(sed -n 's/.*"id": *"\([0-9a-f]\{64\}\)".*/\1/p' "$found")
    repository_id=$id
    return 0
  fi
  if ! grep -q "key does not exist\|bucket does not exist\|NoSuchBucket" "$errors"; then
    message=$(why "$errors")
    if grep -q "wrong password" "$errors"; then return 78; fi
    return 1
  fi
  if [[ -n $repository_id ]]; then
    message="The backups that were in $RESTIC_REPOSITORY are gone: was the bucket emptied, or does it delete objects by age? Put them back, or remove $state/status to begin anew."
    return 78
  fi
  if ! run timeout "$OPEN_SECONDS" restic init >"$found" 2>"$errors"; then
    message=$(why "$errors")
    return 1
  fi
  say "made a new repository in $RESTIC_REPOSITORY"
  open_repository
}
