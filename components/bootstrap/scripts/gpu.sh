# A GPU machine: from a fresh image to a place for the worker's container.

# The disk whose filesystem has the UUID that the volume has. A blank one gets that filesystem; a disk
# that holds anything is never formatted.
find_scratch() {
  local disk
  if blkid --uuid "$SCRATCH_UUID" >/dev/null 2>&1; then return 0; fi
  disk=$(scratch_disk) || return 1
  say "$disk is blank: making the filesystem for $SCRATCH_PATH"
  mkfs.ext4 -q -m 0 -L scratch -U "$SCRATCH_UUID" "$disk"
}

# By the volume's id where the machine shows it, else the one blank disk without partitions.
scratch_disk() {
  local by_id=/dev/disk/by-id/virtio-${SCRATCH_UUID: -12} name blank=()
  if [[ -e $by_id ]]; then
    if blkid "$by_id" >/dev/null 2>&1; then
      printf 'comfymulti: %s\n' "$by_id holds another filesystem and is not formatted: empty it by hand, or use another volume." >&2
      return 1
    fi
    printf %s "$by_id"
    return 0
  fi
  while read -r name; do
    if ! blkid "$name" >/dev/null 2>&1 && [[ $(lsblk -nro NAME "$name" | wc -l) == 1 ]]; then
      blank+=("$name")
    fi
  done < <(lsblk -dnpro NAME,TYPE,RO | awk '$2 == "disk" && $3 == 0 { print $1 }')
  if ((${#blank[@]} != 1)); then
    printf 'comfymulti: %s\n' "${#blank[@]} blank disks are there, and one is looked for as the scratch volume." >&2
    return 1
  fi
  printf %s "${blank[0]}"
}

mount_volumes() {
  retry "$MOUNT_ATTEMPTS" "$RETRY_SECONDS" find_scratch ||
    give_up "the scratch volume $SCRATCH_UUID is not attached to this machine."
  # `nofail`: without its disks the machine still boots and can be looked into. Docker waits for them.
  fstab "$SCRATCH_PATH" "UUID=$SCRATCH_UUID $SCRATCH_PATH ext4 defaults,noatime,nofail,x-systemd.device-timeout=120s 0 2"
  fstab "$SHARED_PATH" "$SHARED_TARGET $SHARED_PATH nfs $SHARED_OPTIONS,nofail,_netdev,x-systemd.mount-timeout=300s 0 0"
  mount_point "$SCRATCH_PATH"
  mount_point "$SHARED_PATH"
}

prepare_docker() {
  command -v docker >/dev/null ||
    give_up "this image has no docker: choose one whose name ends in docker."
  # No container starts, after a reboot either, before what it stores to is mounted.
  write_unit /etc/systemd/system/docker.service.d/comfymulti.conf <<UNIT
[Unit]
RequiresMountsFor=$SCRATCH_PATH $SHARED_PATH
UNIT
  enable docker.service
  retry 6 "$RETRY_SECONDS" nvidia-smi -L >/dev/null ||
    give_up "nvidia-smi finds no GPU: choose an image with the NVIDIA driver, or report the machine."
  if ! has_nvidia_runtime; then
    command -v nvidia-ctk >/dev/null ||
      give_up "docker has no NVIDIA runtime, and nvidia-ctk is missing: choose an image with CUDA and docker."
    nvidia-ctk runtime configure --runtime=docker
    systemctl restart docker.service
    retry 6 "$RETRY_SECONDS" has_nvidia_runtime || give_up "docker does not take up the NVIDIA runtime."
  fi
}

has_nvidia_runtime() {
  local runtimes
  runtimes=$(docker info --format '{{json .Runtimes}}') && [[ $runtimes == *'"nvidia"'* ]]
}

place_folders() {
  make_directory "$SHARED_PATH/models" 755 "$WORKER_USER"
  local folder
  for folder in outputs inputs spool data tmp; do
    make_directory "$SCRATCH_PATH/$folder" 750 "$WORKER_USER"
  done
  make_directory "$DATA_PATH" 755 0:0
  link "$DATA_PATH/models" "$SHARED_PATH/models"
  link "$DATA_PATH/outputs" "$SCRATCH_PATH/outputs"
  link "$DATA_PATH/inputs" "$SCRATCH_PATH/inputs"
}

# The restore of the models: by the worker's image, whose name and whose key for the vault come later,
# over the private network, in two files. From then on it runs at every boot and finds all in place.
place_model_restore() {
  write_unit /etc/systemd/system/comfymulti-models.service <<UNIT
[Unit]
Description=Restore of the model files from the vault
After=docker.service network-online.target
Wants=network-online.target
Requires=docker.service
RequiresMountsFor=$SHARED_PATH
ConditionPathExists=/etc/comfymulti/models.env
ConditionPathExists=/etc/comfymulti/models-image.env
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
# IMAGE=…
EnvironmentFile=/etc/comfymulti/models-image.env
ExecStartPre=-/usr/bin/docker rm --force comfymulti-models
ExecStart=/usr/bin/docker run --rm --name comfymulti-models --pull never --read-only --tmpfs /app/data:uid=${WORKER_USER%:*},gid=${WORKER_USER#*:} --cap-drop ALL --security-opt no-new-privileges --user $WORKER_USER --env-file /etc/comfymulti/models.env --volume $SHARED_PATH:/mnt/sfs --volume $SCRATCH_PATH:/mnt/scratch \${IMAGE} models restore
ExecStop=-/usr/bin/docker stop comfymulti-models
Restart=on-failure
RestartSec=30
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
UNIT
  if ! systemctl is-enabled --quiet comfymulti-models.service 2>/dev/null; then
    systemctl enable --quiet comfymulti-models.service
  fi
}

take_turns
install_packages nfs-common nftables logrotate ca-certificates curl
# First, so that a machine whose disks fail can be looked into.
join_tailnet
raise_firewall
mount_volumes
prepare_docker
place_folders
place_model_restore
bound_logs
# A kernel that hangs comes back by itself.
set_kernel <<<'kernel.panic = 10'
mark_ready
