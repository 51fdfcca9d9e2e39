#!/bin/sh
# Start of a full ComfyUI as frontend: makes its folders and becomes ComfyUI. What participants keep
# lies in DATA_DIRECTORY alone; nothing there is ever overwritten but the list of users.
#
# DATA_DIRECTORY   ComfyUI's base directory: custom_nodes/, user/, input/, output/. Default /app/data
# MULTI_USER=1     one ComfyUI for several participants, told apart by the header Comfy-User
# USERS            with MULTI_USER: who they are, a JSON list ["user001", "user002"]
# COMFYUI_PORT     default 8188
#
# Parameters go on to ComfyUI.
set -eu

data=${DATA_DIRECTORY:-/app/data}
ours=${PLATFORM_DIRECTORY:-/opt/comfymulti}
here=$(dirname -- "$(readlink -f -- "$0")")

# 78: the settings are wrong, another start won't help.
refuse() {
  printf '%s\n' "$1" >&2
  exit 78
}

for folder in custom_nodes input output user; do
  mkdir -p "$data/$folder" 2>/dev/null ||
    refuse "$data/$folder could not be made: mount its volume, writable for user $(id -u)."
done

if [ "${MULTI_USER:-}" = 1 ]; then
  # ComfyUI refuses whoever is not in its list.
  python "$here/write-users.py" "$data/user/users.json" || exit 78
  set -- --multi-user "$@"
fi

exec python "${COMFYUI_DIRECTORY:-/opt/comfyui}/main.py" --cpu \
  --listen 0.0.0.0 --port "${COMFYUI_PORT:-8188}" --disable-auto-launch \
  --base-directory "$data" --temp-directory /tmp \
  --database-url "sqlite:///$data/user/comfyui.db" \
  --extra-model-paths-config "$ours/extra-model-paths.yaml" "$@"
