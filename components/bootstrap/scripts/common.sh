# What both scripts use. Everything here may run any number of times: it changes only what is not yet
# so. Never `set -x`: that would print the key.

umask 022
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
readonly MOUNT_ATTEMPTS=30 RETRY_SECONDS=10

# say SENTENCE: one line for the log of the boot.
say() { printf 'comfymulti: %s\n' "$*"; }

# give_up SENTENCE: says what is wrong and what to do, and ends.
give_up() {
  printf 'comfymulti: %s\n' "$*" >&2
  exit 1
}

# retry TIMES SECONDS COMMAND…: until it succeeds.
retry() {
  local times=$1 seconds=$2 attempt
  shift 2
  for ((attempt = 1; attempt <= times; attempt += 1)); do
    if "$@"; then return 0; fi
    if ((attempt < times)); then sleep "$seconds"; fi
  done
  return 1
}

# write_file PATH MODE: what it is given on standard input becomes the file, at once or not at all.
# CHANGED says afterwards whether anything was written. Not for use behind a pipe, which loses it.
CHANGED=no
write_file() {
  local path=$1 mode=$2 fresh
  CHANGED=no
  mkdir -p "${path%/*}"
  fresh=$(mktemp "${path%/*}/.comfymulti.XXXXXX")
  cat >"$fresh"
  if [[ -f $path ]] && cmp -s "$fresh" "$path" && [[ $(stat -c %a "$path") == "$mode" ]]; then
    rm -f "$fresh"
    return 0
  fi
  chmod "$mode" "$fresh"
  mv -f "$fresh" "$path"
  CHANGED=yes
  say "wrote $path"
}

# write_unit PATH: a file of systemd's, which is told when it is new.
write_unit() {
  write_file "$1" 644
  if [[ $CHANGED == yes ]]; then systemctl daemon-reload; fi
}

# make_directory PATH MODE OWNER
make_directory() {
  local path=$1 mode=$2 owner=$3
  if [[ ! -d $path ]]; then mkdir -p "$path"; fi
  if [[ $(stat -c %a "$path") != "$mode" ]]; then chmod "$mode" "$path"; fi
  if [[ $(stat -c %u:%g "$path") != "$owner" ]]; then
    chown "$owner" "$path" ||
      give_up "$path can't be given to user $owner: its filesystem must let root of this machine change owners."
  fi
}

# link PATH TARGET: PATH points to TARGET. What is a folder with files stays and is an error.
link() {
  local path=$1 target=$2
  if [[ -L $path && $(readlink "$path") == "$target" ]]; then return 0; fi
  if [[ -e $path && ! -L $path ]]; then
    rmdir "$path" 2>/dev/null ||
      give_up "$path holds files and should point to $target: move them there and remove it."
  fi
  mkdir -p "${path%/*}"
  ln -sfn "$target" "$path"
}

# install_packages NAME…: those that are missing.
install_packages() {
  local name missing=()
  for name in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true) != installed ]]; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]} == 0)); then return 0; fi
  say "installing ${missing[*]}"
  # A fresh machine updates itself at its first boot and holds the lock for minutes.
  retry 5 15 apt-get -q -y -o DPkg::Lock::Timeout=300 update ||
    give_up "apt-get update fails: this machine must reach its package mirrors."
  retry 5 15 apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" ||
    give_up "apt-get can't install ${missing[*]}."
}

# enable UNIT…: runs now and after every boot.
enable() {
  local unit
  for unit in "$@"; do
    if ! systemctl is-enabled --quiet "$unit" 2>/dev/null; then systemctl enable --quiet "$unit"; fi
    if ! systemctl is-active --quiet "$unit"; then systemctl start "$unit"; fi
  done
}

# fstab KEY LINE: the one line that begins with KEY or is mounted there. systemd is told when it is new.
fstab() {
  local key=$1 line=$2 kept present
  present=$(awk -v key="$key" '!/^[[:space:]]*#/ && ($1 == key || $2 == key)' /etc/fstab 2>/dev/null || true)
  if [[ $present == "$line" ]]; then return 0; fi
  kept=$(awk -v key="$key" '/^[[:space:]]*#/ || ($1 != key && $2 != key)' /etc/fstab 2>/dev/null || true)
  write_unit /etc/fstab < <(printf '%s\n' ${kept:+"$kept"} "$line")
}

# mount_point PATH: mounts what fstab says of it, with retries: disks and servers may be late.
mount_point() {
  local path=$1
  mkdir -p "$path"
  if mountpoint -q "$path"; then return 0; fi
  retry "$MOUNT_ATTEMPTS" "$RETRY_SECONDS" mount "$path" ||
    give_up "$path can't be mounted: see the messages above, and its line in /etc/fstab."
}

# Joins the private network with the one-time key, once. The key is handed over in a file in memory;
# afterwards it is blotted out of every copy of this script that the first boot left behind.
join_tailnet() {
  local code_name distribution key_file=/run/comfymulti/tailscale.key copy
  if ! command -v tailscale >/dev/null; then
    distribution=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')
    code_name=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
    install_packages ca-certificates curl
    retry 5 10 curl -fsSL --max-time 60 -o /usr/share/keyrings/tailscale-archive-keyring.gpg \
      "https://pkgs.tailscale.com/stable/$distribution/$code_name.noarmor.gpg" ||
      give_up "the package key of Tailscale can't be fetched from pkgs.tailscale.com."
    write_file /etc/apt/sources.list.d/tailscale.list 644 <<SOURCE
deb [signed-by=/usr/share/keyrings/tailscale-archive-keyring.gpg] https://pkgs.tailscale.com/stable/$distribution $code_name main
SOURCE
    install_packages tailscale
  fi
  enable tailscaled.service
  if ! tailscale ip -4 >/dev/null 2>&1; then
    if [[ $TAILSCALE_KEY == used ]]; then
      give_up "this machine is not in the private network and its key is used up: replace the machine."
    fi
    install -d -m 700 /run/comfymulti
    trap 'rm -f /run/comfymulti/tailscale.key' EXIT
    (umask 077 && printf %s "$TAILSCALE_KEY" >"$key_file")
    retry 5 10 tailscale up "--auth-key=file:$key_file" "--hostname=$TAILSCALE_HOSTNAME" \
      "--advertise-tags=$TAILSCALE_TAGS" --timeout=60s ||
      give_up "the private network refuses this machine: its key may have expired; make a new one by another update."
    rm -f "$key_file"
    say "joined the private network as $TAILSCALE_HOSTNAME"
  fi
  for copy in "$0" /var/lib/cloud/instance/user-data.txt* /var/lib/cloud/instance/scripts/* \
    /var/lib/cloud/instances/*/user-data.txt* /var/lib/cloud/instances/*/scripts/* \
    /var/lib/cloud/instances/*/cloud-config.txt; do
    forget_key "$copy"
  done
}

# forget_key FILE: takes the key out of a file, by the shell alone, so that no command line shows it. The
# file is replaced, not rewritten: it may be this script, which the shell is still reading.
forget_key() {
  local file=$1 text fresh
  if [[ $TAILSCALE_KEY == used || ! -f $file || ! -w $file ]]; then return 0; fi
  text=$(tr -d '\000' <"$file" && printf .)
  text=${text%.}
  if [[ $text != *"$TAILSCALE_KEY"* ]]; then return 0; fi
  fresh=$(mktemp "$(dirname "$file")/.comfymulti.XXXXXX")
  printf %s "${text//"$TAILSCALE_KEY"/used}" >"$fresh"
  chmod --reference="$file" "$fresh"
  mv -f "$fresh" "$file"
}

# What may come in: the private network, answers, and the ports of OPEN_PORTS. A table of its own
# beside Docker's, loaded at every boot.
raise_firewall() {
  local ports='' rules
  if ((${#OPEN_PORTS[@]} > 0)); then
    ports="    tcp dport { $(IFS=,; printf %s "${OPEN_PORTS[*]}") } accept"
  fi
  write_file /etc/comfymulti/firewall.nft 644 <<RULES
table inet comfymulti
delete table inet comfymulti
table inet comfymulti {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    ct state invalid drop
    # ICMP and ICMPv6, by number: a small system has no list of their names.
    meta l4proto { 1, 58 } accept
    iifname "tailscale0" accept
    iifname { "docker0", "br-*" } accept
    udp dport 41641 accept
$ports
  }
}
RULES
  rules=$CHANGED
  write_unit /etc/systemd/system/comfymulti-firewall.service <<'UNIT'
[Unit]
Description=What may come in to this machine
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/comfymulti/firewall.nft
ExecReload=/usr/sbin/nft -f /etc/comfymulti/firewall.nft

[Install]
WantedBy=multi-user.target
UNIT
  enable comfymulti-firewall.service
  if [[ $rules == yes ]]; then systemctl reload comfymulti-firewall.service; fi
}

# Logs never fill the disk; containers bound their own.
bound_logs() {
  write_file /etc/systemd/journald.conf.d/comfymulti.conf 644 <<'JOURNAL'
[Journal]
SystemMaxUse=500M
MaxRetentionSec=1month
JOURNAL
  if [[ $CHANGED == yes ]]; then systemctl restart systemd-journald.service; fi
  write_file /etc/logrotate.d/comfymulti 644 <<'ROTATE'
/var/log/comfymulti/*.log {
  weekly
  rotate 4
  maxsize 20M
  compress
  delaycompress
  missingok
  notifempty
  copytruncate
}
ROTATE
  make_directory /var/log/comfymulti 755 0:0
}

# set_kernel: takes settings of the kernel, one a line, from standard input; they outlive a boot.
set_kernel() {
  write_file /etc/sysctl.d/60-comfymulti.conf 644
  if [[ $CHANGED == yes ]]; then sysctl -q -p /etc/sysctl.d/60-comfymulti.conf; fi
}

# One run at a time; a second waits for the first.
take_turns() {
  if [[ $(id -u) != 0 ]]; then give_up "this script must be run as root."; fi
  exec 9>>/run/lock/comfymulti-bootstrap
  flock 9
}

# The mark that the machine is ready; what comes after it waits for this file.
mark_ready() {
  write_file /var/lib/comfymulti/ready 644 <<<"$RECORD"
  say "ready"
}
