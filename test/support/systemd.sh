#!/usr/bin/env bash
# Boots a systemd of its own: own processes, network, control groups, and a root that is a copy on write
# of this machine's. Ends with the end of standard input, and leaves nothing behind.
# usage: systemd.sh <name> <executable>; prints the pid of its first process. It has 203.0.113.10 on
# eth0, and the executable at /opt/golive.
set -eu
name=$1 executable=$2

# Where systemd will make groups: below one of ours, which can be removed afterwards.
groups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup; else
    find /sys/fs/cgroup/{systemd,unified,devices,pids} -maxdepth 0 2>/dev/null
  fi
}

# In the new namespaces, becoming systemd.
boot() {
  local place=/tmp/$name m=/tmp/$name/merged
  mount --make-rprivate /
  mkdir -p "$place"
  mount -t tmpfs tmpfs "$place"
  mkdir "$place/upper" "$place/work" "$m"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$m"
  mount -t proc proc "$m/proc"
  mount -t sysfs sysfs "$m/sys"
  if [ "$(groups)" = /sys/fs/cgroup ]; then mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup"; else
    mount -t tmpfs tmpfs "$m/sys/fs/cgroup"
    mkdir "$m/sys/fs/cgroup/systemd" "$m/sys/fs/cgroup/unified"
    mount -t cgroup -o none,name=systemd,xattr cgroup "$m/sys/fs/cgroup/systemd"
    mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup/unified"
  fi
  mkdir -p "$m/opt"
  touch "$m/opt/golive"
  mount --bind "$executable" "$m/opt/golive"
  mount -t tmpfs tmpfs "$m/run"
  mount -t tmpfs tmpfs "$m/tmp"
  devices "$m/dev"
  # What would change the machine that this runs on.
  for unit in systemd-sysctl systemd-binfmt systemd-modules-load systemd-udevd systemd-udev-trigger \
    systemd-tmpfiles-setup-dev systemd-random-seed systemd-update-utmp systemd-remount-fs; do
    ln -sf /dev/null "$m/etc/systemd/system/$unit.service"
  done
  ln -sf /dev/null "$m/etc/systemd/system/proc-sys-fs-binfmt_misc.automount"
  rm -rf "$m/etc/golive" "$m/var/lib/golive" "$m/var/log/journal"
  ip link set lo up
  ip link add eth0 type veth peer name eth1
  ip addr add 203.0.113.10/24 dev eth0
  ip link set eth0 up
  ip link set eth1 up
  cd "$m"
  mkdir -p .old
  pivot_root . .old
  umount -l /.old
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=0 </dev/null >/dev/null 2>&1
}

devices() {
  mount -t tmpfs tmpfs "$1"
  mkdir "$1/pts" "$1/shm"
  for device in null zero full random urandom tty; do
    touch "$1/$device"
    mount --bind "/dev/$device" "$1/$device"
  done
  touch "$1/console"
  mount -t devpts devpts "$1/pts" -o newinstance,ptmxmode=0666,mode=620
  ln -s pts/ptmx "$1/ptmx"
  ln -s /proc/self/fd "$1/fd"
}

if [ "${3:-}" = boot ]; then boot; fi

# The test runner may die of a signal to the whole group; this has to outlive it.
trap '' INT TERM HUP
(
  for group in $(groups); do
    mkdir -p "$group/$name"
    echo "$BASHPID" >"$group/$name/cgroup.procs"
  done
  exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup --ipc --uts --net -- \
    bash "$0" "$name" "$executable" boot </dev/null >/dev/null 2>"/tmp/$name.log"
) &
namespaces=$!
for _ in $(seq 100); do
  first=$(cat "/proc/$namespaces/task/$namespaces/children" 2>/dev/null) && [ -n "$first" ] &&
    [ "$(cat "/proc/${first// /}/comm")" = systemd ] && break
  sleep 0.1
done
ip netns attach "$name" "${first// /}"
echo "${first// /}"
cat >/dev/null
kill -KILL $(ip netns pids "$name") 2>/dev/null || true
ip netns del "$name" 2>/dev/null || true
rm -rf "/etc/netns/$name"
kill -KILL "$namespaces" 2>/dev/null || true
wait "$namespaces" 2>/dev/null || true
for group in $(groups); do
  for _ in $(seq 50); do
    find "$group/$name" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.1
  done
done
rmdir "/tmp/$name" 2>/dev/null || true
rm -f "/tmp/$name.log"
