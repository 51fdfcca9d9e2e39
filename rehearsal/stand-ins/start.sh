#!/bin/sh
# start.sh PROVIDER ENGINE-ADDRESS: runs main.ts with a Node that strips types (24 or newer).
set -eu
export COMFYMULTI_ENGINE_PID="$PPID"
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

new_enough() {
  [ -n "$1" ] && major=$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null) && [ "$major" -ge 24 ]
}

for node in "${COMFYMULTI_NODE:-}" "$(command -v node || true)" "${HOME:-}/.cache/comfymulti/node/24.21.0/bin/node"; do
  if new_enough "$node"; then
    # exec: the engine's process stays our parent, which main.ts watches.
    exec "$node" "$folder/main.ts" "$@"
  fi
done

echo "No Node.js 24 or newer was found: run 'npm start', which brings its own, or set COMFYMULTI_NODE to one." >&2
exit 78
