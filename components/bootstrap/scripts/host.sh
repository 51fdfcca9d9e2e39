# The app server: from a fresh Debian or Ubuntu to a place for the platform's containers.

make_swap() {
  local wanted=$((SWAP_MB * 1024 * 1024))
  if ((wanted == 0)); then return 0; fi
  if [[ ! -f /swapfile || $(stat -c %s /swapfile) != "$wanted" ]]; then
    if swapon --show=NAME --noheadings | grep -qx /swapfile; then swapoff /swapfile; fi
    rm -f /swapfile
    (umask 077 && fallocate -l "$wanted" /swapfile)
    mkswap -q /swapfile
  fi
  fstab /swapfile "/swapfile none swap sw 0 0"
  if ! swapon --show=NAME --noheadings | grep -qx /swapfile; then swapon /swapfile; fi
}

prepare_docker() {
  if ! command -v docker >/dev/null; then install_packages docker.io; fi
  enable docker.service
}

place_folders() {
  local entry path mode owner
  for entry in "${DIRECTORIES[@]}"; do
    read -r mode owner path <<<"$entry"
    make_directory "$path" "$mode" "$owner"
  done
}

upgrade_unattended() {
  write_file /etc/apt/apt.conf.d/20auto-upgrades 644 <<'APT'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
APT
  # An upgrade of Docker ends every container: that is for a planned moment.
  write_file /etc/apt/apt.conf.d/52comfymulti 644 <<APT
Unattended-Upgrade::Package-Blacklist { "docker.io"; "docker-ce"; "containerd"; "containerd.io"; };
Unattended-Upgrade::Automatic-Reboot "$([[ -n $REBOOT_TIME ]] && printf true || printf false)";
Unattended-Upgrade::Automatic-Reboot-Time "${REBOOT_TIME:-04:00}";
APT
}

take_turns
install_packages nftables logrotate unattended-upgrades ca-certificates curl
make_swap
prepare_docker
join_tailnet
raise_firewall
place_folders
# Redis forks to rewrite its file and must get the memory promised; swap is for emergencies. After a
# restart Docker publishes ports on the private network's address before that network is there.
set_kernel <<'KERNEL'
vm.overcommit_memory = 1
vm.swappiness = 10
net.ipv4.ip_nonlocal_bind = 1
net.core.somaxconn = 1024
kernel.panic = 10
KERNEL
upgrade_unattended
bound_logs
mark_ready
