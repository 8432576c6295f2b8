#!/bin/sh
# Becomes PID 1 of a sandbox node. Runs in fresh pid, mount, cgroup, uts, ipc and network namespaces.
# usage: boot.sh DISK LOWER CONSOLE
#   DISK     folder of the node: upper/ work/ containers/ pods/ stay over a reboot, root/ is the mount point
#   LOWER    read-only layers of the root file system, uppermost first, separated by colons
#   CONSOLE  terminal that shows what systemd says while it boots
set -eu
disk=$1 lower=$2 console=$3
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$disk/upper,workdir=$disk/work" "$disk/root"
cd "$disk/root"

# The kernel's own settings belong to the host: read-only here, but for those of this network namespace.
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup

# A /dev with what programs expect, and none of the host's disks and terminals.
mount -t tmpfs -o mode=755,nosuid,size=4m dev dev
mkdir dev/pts dev/shm dev/mqueue dev/net
# Nodes of its own where the kernel lets us make them: the mode of a bound one would be changed for the host as well.
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0" "fuse 10 229" "net/tun 10 200"; do
    set -- $device
    [ -c "/dev/$1" ] || continue
    if mknod -m 666 "dev/$1" c "$2" "$3" 2> /dev/null; then continue; fi
    : > "dev/$1"
    mount --bind "/dev/$1" "dev/$1"
done
: > dev/console
mount --bind "$console" dev/console
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
mount -t mqueue mqueue dev/mqueue 2> /dev/null || true
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp
mkdir -p run/lock var/lib/containers run/old
# Containers with a user namespace get a /proc only where some /proc of the machine has nothing hidden or read-only.
mkdir -p -m 700 mnt/proc
mount -t proc -o nosuid,nodev,noexec proc mnt/proc
# podman's storage is an overlay too, and the kernel stacks no overlay upon an overlay.
mount --bind "$disk/containers" var/lib/containers
# Nor can what is in an overlay be shown to a container under other owners, as user namespaces need it.
mkdir -p "$disk/pods" var/lib/ukube/pods
mount --bind "$disk/pods" var/lib/ukube/pods

pivot_root . run/old
cd /
umount -l run/old
rmdir run/old

# A cable that leads nowhere: the node has an address and a default route, and reaches nobody.
ip link set lo up
ip link add eth0 type veth peer name uplink
ip link set uplink up
ip address add 192.0.2.10/24 dev eth0
ip link set eth0 up
ip route add default via 192.0.2.1 dev eth0

exec env -i container=ukube PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --show-status=1 --log-target=journal-or-kmsg
