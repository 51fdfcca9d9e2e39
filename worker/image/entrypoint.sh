#!/bin/sh
# Start of the worker's container: links the data folders to the mounts, puts the custom nodes in
# place, and becomes the worker. With parameters it becomes the command line instead
# (`verify-deployment`, `models restore`). Every start does the same; nothing of a host is touched.
#
# DATA_DIRECTORY        ComfyUI's base directory
# MODELS_DIRECTORY      what DATA_DIRECTORY/models points to
# OUTPUTS_DIRECTORY     … outputs
# INPUTS_DIRECTORY      … inputs
# DEFAULT_CUSTOM_NODES  copied once, into an empty custom_nodes
# OWN_CUSTOM_NODES      replaced at each start
# WORKER_SOURCE         the worker's source folder
# ALLOW_ROOT=1          runs as root all the same
set -eu

data=${DATA_DIRECTORY:-/app/data}
default_nodes=${DEFAULT_CUSTOM_NODES:-/opt/comfyui/custom_nodes}
own_nodes=${OWN_CUSTOM_NODES:-/opt/comfymulti/custom-nodes}
source=${WORKER_SOURCE:-/app/worker}

# 78: the settings are wrong, another start won't help.
refuse() {
  printf '%s\n' "$1" >&2
  exit 78
}

# link NAME TARGET: makes $data/NAME point to TARGET.
link() {
  path=$data/$1
  mkdir -p "$2" 2>/dev/null ||
    refuse "$2 could not be made: mount its volume, writable for user $(id -u)."
  if [ -d "$path" ] && [ ! -L "$path" ]; then
    rmdir "$path" 2>/dev/null ||
      refuse "$path is a folder with files, and should point to $2: move them there and remove it."
  elif [ -e "$path" ] && [ ! -L "$path" ]; then
    refuse "$path is a file, and should point to $2: move it away."
  fi
  if [ "$(readlink "$path" || true)" != "$2" ]; then
    ln -sfn "$2" "$path"
  fi
}

# copy NODE: puts one node beside what is there, then in its place. A half copy is never loaded.
copy() {
  name=${1##*/}
  rm -rf "$data/.new-node"
  cp -R "$1" "$data/.new-node"
  rm -rf "${data:?}/custom_nodes/$name"
  mv "$data/.new-node" "$data/custom_nodes/$name"
}

if [ "$(id -u)" = 0 ] && [ "${ALLOW_ROOT:-}" != 1 ]; then
  refuse "The worker does not run as root: start the container without --user, or set ALLOW_ROOT=1."
fi

mkdir -p "$data/custom_nodes" 2>/dev/null ||
  refuse "$data/custom_nodes could not be made: the folder must be writable for user $(id -u)."
link models "${MODELS_DIRECTORY:-/mnt/sfs/models}"
link outputs "${OUTPUTS_DIRECTORY:-/mnt/scratch/outputs}"
link inputs "${INPUTS_DIRECTORY:-/mnt/scratch/inputs}"

if [ -z "$(ls -A "$data/custom_nodes")" ]; then
  for node in "$default_nodes"/*; do
    if [ -e "$node" ]; then copy "$node"; fi
  done
fi
for node in "$own_nodes"/*; do
  case $node in
    */README.md) ;;
    *) if [ -e "$node" ]; then copy "$node"; fi ;;
  esac
done

if [ $# -gt 0 ]; then
  exec node "$source/comfymulti-worker.mjs" "$@"
fi
exec node "$source/src/main.ts"
