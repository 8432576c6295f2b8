#!/bin/sh
# The process that holds the PID namespace that a Pod's containers share: as long as it lives, so does the namespace.
# usage: holder.sh prepare            makes its root file system, one for all Pods: the program and nothing else
#        holder.sh pin UID            after its start: makes the namespace known to the Pod's containers
#        holder.sh stop UID
#        holder.sh clean UID NAME     after its end; NAME: podman's of its container
set -eu
root=/run/ukube/holder
run=/run/ukube/pods/${2-}

case $1 in
prepare)
    [ ! -x "$root/catatonit" ] || exit 0
    for program in "$(command -v catatonit || true)" /usr/libexec/podman/catatonit /usr/lib/podman/catatonit; do
        [ ! -x "$program" ] || break
    done
    [ -x "$program" ] || { echo "shareProcessNamespace needs the program catatonit, which podman's package suggests" >&2; exit 1; }
    mkdir -p "$root/proc" "$root/dev" "$root/sys" "$root/etc" "$root/run"
    : > "$root/etc/resolv.conf"; : > "$root/etc/hosts"; : > "$root/etc/hostname"; : > "$root/run/.containerenv"
    ln -sf /proc/mounts "$root/etc/mtab"
    chmod -R a+rX "$root"
    cp "$program" "$root/.catatonit.$$"
    chmod 755 "$root/.catatonit.$$"
    mv "$root/.catatonit.$$" "$root/catatonit"
    ;;
pin)
    pid=$(cat "$run/POD.pid")
    : > "$run/ns/pid"
    mount --bind "/proc/$pid/ns/pid" "$run/ns/pid"
    ;;
stop)
    # Not conmon: it sees the process end, and cleans up.
    pid=$(cat "$run/POD.pid" 2>/dev/null) || exit 0
    grep -q "$(cat "$run/POD.id")" "/proc/$pid/cgroup" 2>/dev/null || exit 0
    kill -s KILL "$pid"
    [ -z "${MAINPID:-}" ] || timeout 10 tail --pid="$MAINPID" -s 0.02 -f /dev/null || true
    ;;
clean)
    umount -l "$run/ns/pid" 2>/dev/null || true
    cid=$(cat "$run/POD.id" 2>/dev/null) || exit 0
    rm -f "$run/POD.pid" "$run/POD.id"
    store=/var/lib/containers/storage/overlay-containers
    if [ -n "$cid" ] && [ -d "$store" ] && ! [ -e "$store/$cid" ]; then exit 0; fi
    exec podman rm -f -v -t 0 -i "$3" >/dev/null
    ;;
*) exit 64 ;;
esac
