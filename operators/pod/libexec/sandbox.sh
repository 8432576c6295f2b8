#!/bin/sh
# A Pod's namespaces (network, IPC, UTS), pinned as files so that they outlive every container.
# usage: sandbox.sh up UID HOSTNAME ADDRESS/PREFIX GATEWAY BRIDGE VETH IPC USERS [PATH=VALUE]…
#            ADDRESS "host": the node's own network. IPC "own" or "host". PATH: a kernel parameter below /proc/sys.
#            USERS: 0, or the first of 65536 user IDs of the node that are the Pod's, in a user namespace of its own.
#        sandbox.sh down UID VETH
set -eu
uid=$2
run=/run/ukube/pods/$uid
netns=/run/netns/ukube-$uid
# hostname(1) asks the kernel itself and works where /proc/sys is read-only; a small node may lack it.
set_hostname='if command -v hostname >/dev/null; then hostname "$1"; else printf %s "$1" > /proc/sys/kernel/hostname; fi'
# Ping and low ports for everybody, as container runtimes behind Kubernetes set it up.
open_network='cd /proc/sys/net/ipv4; echo 0 > ip_unprivileged_port_start; echo "0 2147483647" > ping_group_range'
# Where /proc/sys is read-only for the machine, a fresh one is not.
set_parameters='[ -w /proc/sys/kernel/shm_rmid_forced ] || mount -t proc proc /proc
for each; do printf %s "${each#*=}" > "/proc/sys/${each%%=*}"; done'

down() {
    umount -l "$netns" "$run/ns/ipc" "$run/ns/uts" "$run/ns/user" "$run/ns/shm" 2>/dev/null || true
    rm -f "$netns" "$run/ns/ipc" "$run/ns/uts" "$run/ns/user"
    # The veth dies with its network namespace, but the kernel does that later; the name must be free now.
    if [ -d "/sys/class/net/$1" ]; then ip link del "$1" 2>/dev/null || true; fi
}

up() {
    hostname=$1 address=$2 gateway=$3 bridge=$4 veth=$5 ipc=$6 users=$7
    shift 7
    umask 077
    mkdir -p "$run/ns" "$run/exits" "$run/messages"
    if [ -s "/var/lib/ukube/pods/$uid/sealed" ] && ! [ -d "$run/env" ]; then
        /var/lib/ukube/libexec/unseal.sh "$uid"
    fi
    if [ -s "/var/lib/ukube/pods/$uid/volumes.list" ] && ! [ -e "$run/volumes.made" ]; then
        /var/lib/ukube/libexec/volumes.sh "/var/lib/ukube/pods/$uid/volumes.list"
    fi
    down "$veth"                                   # whatever an interrupted start has left
    own=                                           # words that both unshare(1) and nsenter(1) know
    if [ "$ipc" = own ]; then
        mkdir -p "$run/ns/shm"
        mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=64m shm "$run/ns/shm"
        : > "$run/ns/ipc"
        own="--ipc=$run/ns/ipc"
    fi
    if [ "$address" != host ]; then
        mkdir -p /run/netns
        : > "$netns"; : > "$run/ns/uts"
        own="$own --net=$netns --uts=$run/ns/uts"
    fi
    enter=unshare
    if [ "$users" != 0 ]; then
        map_users "$users" $own
        enter=nsenter
    fi
    # The UID, and so the paths, are free of blanks.
    if [ "$address" != host ]; then
        $enter $own sh -ec "$set_hostname; $open_network" sh "$hostname"
        connect
    elif [ -n "$own" ]; then
        $enter $own true
    fi
    [ $# -eq 0 ] || nsenter $own unshare --mount sh -ec "$set_parameters" sh "$@"
}

map_users() {                                      # FIRST --KIND=FILE…: makes a user namespace, and what belongs to it
    first=$1
    shift
    kinds=
    for each; do kinds="$kinds ${each%%=*}"; done
    # A process is in the new namespaces until they are pinned.
    { unshare --user $kinds sh -c 'echo $$; exec sleep 60 >&-' & } | {
        read -r pid
        echo "0 $first 65536" > "/proc/$pid/uid_map"
        echo "0 $first 65536" > "/proc/$pid/gid_map"
        : > "$run/ns/user"
        for each in "--user=$run/ns/user" "$@"; do
            kind=${each%%=*}
            mount --bind "/proc/$pid/ns/${kind#--}" "${each#*=}"
        done
        kill "$pid"
    }
    mkdir -p "$run/ns/hooks"
    cat > "$run/ns/hooks/userns.json" <<EOF
{"version": "1.0.0", "hook": {"path": "/var/lib/ukube/libexec/userns.sh", "args": ["userns.sh", "$uid"]},
 "when": {"always": true}, "stages": ["precreate"]}
EOF
}

# To a Pod the others are not neighbours: all that it says goes to the node, which must see both ways of what it has led
# elsewhere; answers would take a shorter way on the bridge. hairpin: a Pod may be led to itself, also where the kernel's
# br_netfilter does so within the bridge.
connect() {
    ip -b - <<EOF
link add $veth type veth peer name eth0 netns ukube-$uid
link set $veth master $bridge up
link set dev $veth type bridge_slave hairpin on
EOF
    ip -n "ukube-$uid" -b - <<EOF
link set lo up
addr add ${address%/*}/32 dev eth0
link set eth0 up
route add $gateway dev eth0 scope link
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
