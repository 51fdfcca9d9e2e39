#!/bin/bash
# The machine that a bootstrap script believes to run on: this file stands, under their names, for the
# commands that reach outside a throw-away root. Each call is a line in /fake/calls; what the machine
# is lies in files beside it. Refused is what the real command would refuse.
set -u
me=${0##*/}
cd /fake || exit 99
printf '%s %s\n' "$me" "$*" >>calls
last=${*: -1}

refuse() {
  printf '%s: %s\n' "$me" "$1" >&2
  exit "${2:-1}"
}
# has FILE LINE
has() { grep -qxF -- "$2" "$1" 2>/dev/null; }
add() { has "$1" "$2" || printf '%s\n' "$2" >>"$1"; }
# took FILE: true while its number is above zero, one less each time.
took() {
  local left
  left=$(cat "$1" 2>/dev/null || echo 0)
  ((left > 0)) && echo $((left - 1)) >"$1"
}

case $me in
  sleep) ;;
  curl)
    out=''
    while (($# > 0)); do
      if [[ $1 == -o ]]; then out=$2; fi
      shift
    done
    [[ $last == https://pkgs.tailscale.com/stable/debian/bookworm.noarmor.gpg ]] ||
      refuse "(22) The requested URL returned error: 404" 22
    echo key >"$out"
    ;;
  dpkg-query)
    has packages "$last" || refuse "no packages found matching $last"
    printf installed
    ;;
  apt-get)
    took apt-locked && refuse "Could not get lock /var/lib/dpkg/lock-frontend" 100
    command=''
    for word in "$@"; do
      case $word in
        update | install) command=$word ;;
        -*) ;;
        DPkg::*) ;;
        *)
          [[ $command == install && -e updated ]] || refuse "Unable to locate package $word" 100
          if [[ $word == tailscale ]]; then
            keyring=/usr/share/keyrings/tailscale-archive-keyring.gpg
            grep -q "signed-by=$keyring" /etc/apt/sources.list.d/tailscale.list ||
              refuse "Unable to locate package tailscale" 100
            [[ -s $keyring ]] || refuse "The repository is not signed." 100
            ln -sf ../machine.sh bin/tailscale
            add units tailscaled.service
          fi
          if [[ $word == docker.io ]]; then
            ln -sf ../machine.sh bin/docker
            add units docker.service
          fi
          add packages "$word"
          ;;
      esac
    done
    if [[ $command == update ]]; then touch updated; fi
    ;;
  systemctl)
    verb=$1
    unit=$last
    if [[ $verb == daemon-reload ]]; then
      touch reloaded
      exit 0
    fi
    if [[ -e /etc/systemd/system/$unit ]]; then
      [[ reloaded -nt /etc/systemd/system/$unit ]] || refuse "$unit changed on disk: run daemon-reload"
      grep -q '^\[Unit\]' "/etc/systemd/system/$unit" || refuse "$unit has no section Unit"
    else
      has units "$unit" || refuse "Unit $unit not found." 5
    fi
    case $verb in
      is-enabled) has enabled "$unit" || exit 1 ;;
      is-active) has active "$unit" || exit 3 ;;
      enable) add enabled "$unit" ;;
      start | restart)
        add active "$unit"
        if [[ $unit == docker.service && -e nvidia-configured ]]; then touch nvidia-runtime; fi
        ;;
      reload) has active "$unit" || refuse "$unit is not active, cannot reload." ;;
      *) refuse "Unknown operation $verb" ;;
    esac
    ;;
  tailscale)
    has active tailscaled.service || refuse "failed to connect to local tailscaled; it doesn't appear to be running"
    case $1 in
      ip)
        [[ -e joined ]] || refuse "no current Tailscale IPs; state: NeedsLogin"
        echo 100.64.0.9
        ;;
      up)
        key_file=$(printf '%s\n' "$@" | sed -n 's/^--auth-key=file://p')
        [[ $(stat -c %a "$key_file") == 600 ]] || refuse "the key's file is open to others"
        [[ -s good-key && $(cat "$key_file") == "$(cat good-key)" ]] || refuse "invalid key: API key does not exist"
        : >good-key
        touch joined
        ;;
      *) refuse "unknown subcommand $1" ;;
    esac
    ;;
  # disks: device, filesystem or -, UUID or -
  blkid)
    if [[ $1 == --uuid ]]; then
      awk -v uuid="$2" '$3 == uuid { print $1; found = 1 } END { exit !found }' disks || exit 2
    else
      awk -v disk="$1" '$1 == disk && $2 != "-" { found = 1 } END { exit !found }' disks || exit 2
    fi
    ;;
  lsblk)
    if [[ $last == NAME,TYPE,RO ]]; then
      awk '{ print $1, "disk", 0 }' disks
    else
      awk -v disk="$last" '$1 == disk { print $1; if ($2 == "partitions") print $1 "1" }' disks
    fi
    ;;
  mkfs.ext4)
    uuid=$(printf '%s\n' "$@" | sed -n '/^-U$/{n;p}')
    awk -v disk="$last" '$1 == disk && $2 == "-" { found = 1 } END { exit !found }' disks ||
      refuse "$last contains a file system"
    sed -i "s|^$last - -\$|$last ext4 $uuid|" disks
    ;;
  mountpoint) has mounted "$last" || exit 32 ;;
  mount)
    (($# == 1)) || refuse "bad usage" 1
    has mounted "$1" && refuse "$1 already mounted." 32
    [[ -d $1 ]] || refuse "$1: mount point does not exist." 32
    read -r what _ kind options _ < <(awk -v point="$1" '$2 == point' /etc/fstab)
    [[ -n ${what:-} ]] || refuse "can't find $1 in /etc/fstab." 1
    case $kind in
      nfs)
        has packages nfs-common || refuse "bad option; for several filesystems you might need a /sbin/mount.<type> helper program." 32
        took nfs-late && refuse "access denied by server while mounting $what" 32
        [[ $what == "$(cat nfs-export)" && $options == nconnect=* ]] || refuse "access denied by server while mounting $what" 32
        ;;
      ext4) awk -v uuid="${what#UUID=}" '$2 == "ext4" && $3 == uuid { found = 1 } END { exit !found }' disks || refuse "can't find $what." 1 ;;
      *) refuse "unknown filesystem type '$kind'." 32 ;;
    esac
    add mounted "$1"
    ;;
  nvidia-smi)
    [[ -e gpu ]] || refuse "No devices were found" 6
    echo "GPU 0: NVIDIA H100 80GB HBM3"
    ;;
  nvidia-ctk) touch nvidia-configured ;;
  docker)
    has active docker.service || refuse "Cannot connect to the Docker daemon"
    [[ $1 == info ]] || refuse "'$1' is not a docker command."
    if [[ -e nvidia-runtime ]]; then echo '{"nvidia":{},"runc":{}}'; else echo '{"runc":{}}'; fi
    ;;
  mkswap)
    [[ $(stat -c %a "$last") == 600 ]] || refuse "insecure permissions"
    touch swap-made
    ;;
  swapon)
    if [[ $1 == --show=NAME ]]; then
      cat swaps 2>/dev/null || true
    else
      [[ -e swap-made ]] || refuse "read swap header failed" 255
      add swaps "$1"
    fi
    ;;
  swapoff) sed -i "\\|^$1\$|d" swaps ;;
  sysctl) [[ -s $last ]] || refuse "cannot open \"$last\"" 255 ;;
  *) refuse "no such command" 127 ;;
esac
exit 0
