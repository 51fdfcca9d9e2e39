# Loads an image of the vault into this machine's Docker, unless it is there. Its values stand above.

say() { printf 'comfymulti: %s\n' "$1" >&2; }
fail() {
  say "$1"
  exit 1
}

if docker image inspect "$LOCAL_NAME" >/dev/null 2>&1; then
  say "$LOCAL_NAME is here"
  exit 0
fi

umask 077
mkdir -p "$FOLDER"
# A second run waits for the first, and then finds the image.
exec 9>"$FOLDER/lock"
flock 9
if docker image inspect "$LOCAL_NAME" >/dev/null 2>&1; then
  say "$LOCAL_NAME is here"
  exit 0
fi

archive=$FOLDER/$ARCHIVE_SUM
# A key on a command line can be read by others.
printf 'user = "%s:%s"\n' "$ACCESS_KEY_ID" "$SECRET_ACCESS_KEY" >"$FOLDER/curl.conf"
trap 'rm -f "$FOLDER/curl.conf"' EXIT
has_sum() {
  printf '%s  %s\n' "$ARCHIVE_SUM" "$archive" | sha256sum --check --status 2>/dev/null
}
# Goes on where an earlier run stopped. R2 wants the header that curl leaves out.
fetch() {
  say "fetching $OBJECT_URL"
  curl --config "$FOLDER/curl.conf" --silent --show-error --fail \
    --aws-sigv4 "aws:amz:auto:s3" --header "x-amz-content-sha256: UNSIGNED-PAYLOAD" \
    --connect-timeout 15 --speed-limit 1024 --speed-time 60 \
    --retry 8 --retry-connrefused --continue-at - --output "$archive" "$OBJECT_URL"
}
explain() {
  fail "$OBJECT_URL could not be fetched (curl: $1): look whether the bucket has it (comfymulti images list), and whether the key may read it."
}
if ! has_sum; then
  code=0
  fetch || code=$?
  # 22: the server refused, for instance to go on beyond the end of another archive.
  case $code in 0 | 22) ;; *) explain "$code" ;; esac
  if ! has_sum; then
    rm -f "$archive"
    fetch || explain "$?"
  fi
  if ! has_sum; then
    rm -f "$archive"
    fail "$OBJECT_URL has another sum than its name says: save the image again (comfymulti images save)."
  fi
fi
loaded=$(docker load --quiet --input "$archive") || fail "Docker could not load $OBJECT_URL."
# "Loaded image: name:tag", or "Loaded image ID: sha256:…".
docker tag "${loaded##*: }" "$LOCAL_NAME"
rm -f "$archive"
say "$LOCAL_NAME is loaded"
