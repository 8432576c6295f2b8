#!/bin/sh
# A Pod's namespaces (network, IPC, UTS), pinned as files so that they outlive every container.
# usage: sandbox.sh up UID HOSTNAME ADDRESS/PREFIX GATEWAY BRIDGE VETH    (ADDRESS "host": the node's own network)
#        sandbox.sh down UID VETH
set -eu
uid=$2
run=/run/ukube/pods/$uid
netns=/run/netns/ukube-$uid
# hostname(1) asks the kernel itself and works where /proc/sys is read-only; a small node may lack it.
set_hostname='if command -v hostname >/dev/null; then hostname "$1"; else printf %s "$1" > /proc/sys/kernel/hostname; fi'

down() {
    umount -l "$netns" "$run/ns/ipc" "$run/ns/uts" 2>/dev/null || true
    rm -f "$netns" "$run/ns/ipc" "$run/ns/uts"
    # The veth dies with its network namespace, but the kernel does that later; the name must be free now.
    if [ -d "/sys/class/net/$1" ]; then ip link del "$1" 2>/dev/null || true; fi
}

up() {
    hostname=$1 address=$2 gateway=$3 bridge=$4 veth=$5
    umask 077
    mkdir -p "$run/ns" "$run/exits" "$run/messages"
    if [ -s "/var/lib/ukube/pods/$uid/sealed" ] && ! [ -d "$run/env" ]; then
        /var/lib/ukube/libexec/unseal.sh "$uid"
    fi
    while read -r path size; do                    # emptyDir volumes of medium Memory
        mountpoint -q "$path" || { mkdir -p "$path"; mount -t tmpfs -o "nosuid,nodev,mode=0777${size:+,size=$size}" tmpfs "$path"; }
    done 2>/dev/null < "/var/lib/ukube/pods/$uid/memory" || true
    [ "$address" != host ] || return 0
    down "$veth"                                   # whatever an interrupted start has left
    mkdir -p /run/netns
    : > "$netns"; : > "$run/ns/ipc"; : > "$run/ns/uts"
    unshare --net="$netns" --ipc="$run/ns/ipc" --uts="$run/ns/uts" sh -c "$set_hostname" sh "$hostname"
    ip -b - <<EOF
link add $veth type veth peer name eth0 netns ukube-$uid
link set $veth master $bridge up
EOF
    ip -n "ukube-$uid" -b - <<EOF
link set lo up
addr add $address dev eth0
link set eth0 up
route add default via $gateway
EOF
}

case $1 in
up)
    shift 2
    # Not `up … || …`: the shell would not stop at the first failure then.
    trap 'down "$5"' EXIT
    up "$@"
    trap - EXIT
    ;;
down) down "$3" ;;
*) exit 64 ;;
esac
