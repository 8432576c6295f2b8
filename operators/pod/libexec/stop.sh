#!/bin/sh
# Ends one container as the Pod's spec says: preStop, then the stop signal, then SIGKILL after the grace period.
# usage: stop.sh RUN_DIR CONTAINER SIGNAL GRACE [hook…]      GRACE in seconds; hook: preStop, see hook.sh
# Only the container's own processes are killed: a killed conmon would leave podman with a container that is "Up" for ever.
set -u
run=$1 name=$2 signal=$3 grace=$4 usual=$4
shift 4
pidfile=$run/$name.pid
pid=$(cat "$pidfile" 2>/dev/null) || exit 0
cid=$(cat "$run/$name.cid" 2>/dev/null) || exit 0
# A number that is left over may be somebody else's by now.
case $(cat "/proc/$pid/cgroup" 2>/dev/null) in *"$cid"*) ;; *) exit 0 ;; esac

now() { read -r up _ < /proc/uptime; echo "${up%.*}"; }
if [ -s "$run/grace" ]; then                            # the Pod is being ended: one grace period for all of it, so that
    read -r end < "$run/grace"                          # those that end last, the sidecars, get what is left (seconds of uptime)
    grace=$((end - $(now)))
else
    [ -s "$run/$name.grace" ] && grace=$(cat "$run/$name.grace")        # a probe may ask for another one
    end=$(($(now) + grace))
fi
if [ "$grace" -gt "$usual" ]; then                      # TimeoutStopSec= reckons with the usual one
    systemd-notify "EXTEND_TIMEOUT_USEC=$(((grace + 30) * 1000000))" 2>/dev/null
fi

gone() {                                                # waits for process $1, for $2 seconds
    [ -d "/proc/$1" ] || return 0
    [ "$2" -gt 0 ] || return 1
    timeout "$2" tail --pid="$1" -s 0.02 -f /dev/null
    [ ! -d "/proc/$1" ]
}

if [ $# -gt 0 ] && [ "$grace" -gt 0 ]; then
    "${0%/*}/hook.sh" "$run" "$name" preStop "$grace" "$@"
    grace=$((end - $(now)))                             # preStop counts against the grace period
fi
kill -s "$signal" "$pid" 2>/dev/null
if ! gone "$pid" "$((grace > 2 ? grace : 2))"; then     # two seconds remain in any case
    # …/<unit>/libpod-payload-<id>, the container's own cgroup
    payload=$(sed -n 's/^0:://p' "/proc/$pid/cgroup" 2>/dev/null)
    payload=${payload%%/libpod-payload-*}/libpod-payload-$cid
    root=$(sed -n '/ cgroup2 /{s/^[^ ]* \([^ ]*\) .*/\1/p;q;}' /proc/mounts)
    echo 1 > "$root$payload/cgroup.kill" 2>/dev/null || kill -s KILL "$pid" 2>/dev/null
    gone "$pid" 10
fi
[ -n "${MAINPID:-}" ] && gone "$MAINPID" 10              # let conmon write the exit code and clean up
exit 0
