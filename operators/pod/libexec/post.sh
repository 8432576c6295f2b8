#!/bin/sh
# After each run of a container: records how it ended, repairs podman's state.
# usage: post.sh RUN_DIR STATE_DIR CONTAINER PODMAN_NAME RESTART_POLICY [STATUS…]
# STATUS: exit codes and signals after which it is restarted whatever the policy. The record is one line: invocation, result,
# code, status, container id, started, finished (seconds); it replaces asking anybody later.
set -u
run=$1 state=$2 name=$3 podman_name=$4 policy=$5
shift 5
# podman removes its own file of the ID along with the container; what it printed stays (see StandardOutput= of the unit).
cid=$(cat "$run/$name.cid" 2>/dev/null || cat "$run/$name.id" 2>/dev/null) || cid=
case $cid in *[!0-9a-f]*) cid= ;; esac
started=$(stat -c %.9Y "$run/$name.pid" 2>/dev/null) || started=0       # 0: the container never ran
finished=$(date +%s.%N)
# systemd tells of main processes only; what comes before (ExecStartPre=) fails as podman does when it can create no container.
[ "$started" = 0 ] && [ -z "${EXIT_CODE:-}" ] && EXIT_CODE=exited EXIT_STATUS=125
record="$INVOCATION_ID ${SERVICE_RESULT:-unknown} ${EXIT_CODE:-none} ${EXIT_STATUS:-none} ${cid:--} $started $finished"
mkdir -p "$run/exits" "$run/messages"
if [ -s "$state/termination/$name" ]; then
    tail -c 4096 "$state/termination/$name" > "$run/messages/$INVOCATION_ID"
    : > "$state/termination/$name"
fi
echo "$record" >> "$run/exits/$name"
trim() {                                                # what ends for weeks must not fill the memory: a first line "+N" stands for
    lines=$(wc -l < "$run/exits/$name")                 # N runs whose records are gone
    [ "$lines" -gt 60 ] || return 0
    read -r first < "$run/exits/$name"
    case $first in +*) gone=${first#+} ;; *) gone=0 ;; esac
    old=$(head -n $((lines - 20)) "$run/exits/$name" | grep -v '^+')
    gone=$((gone + $(echo "$old" | grep -v -c ' exited 125 - 0 ')))      # see exits.py: no container came of those
    { echo "+$gone"; tail -n 20 "$run/exits/$name"; } > "$run/exits/.$name" && mv "$run/exits/.$name" "$run/exits/$name"
    echo "$old" | while read -r invocation _; do rm -f "$run/messages/$invocation"; done
}
[ -s "$run/grace" ] || trim
done_for_good() {
    case " $* " in *" ${EXIT_STATUS:-1} "* | *" SIG${EXIT_STATUS:-1} "*) return 1 ;; esac
    [ "$started" = 0 ] && [ "${EXIT_STATUS:-125}" = 125 ] && return 1    # podman itself failed, or what comes before it
    case $policy in
    Never) return 0 ;;
    OnFailure) [ "${EXIT_CODE:-}" = exited ] && [ "${EXIT_STATUS:-1}" = 0 ] ;;
    *) return 1 ;;
    esac
}
if done_for_good "$@" && ! [ -e "$run/restart" ]; then                   # "restart": the operator ended it in order to start it again
    mkdir -p "$state/done"
    echo "$record" > "$state/done/$name"
fi
rm -f "$run/$name.pid" "$run/$name.cid" "$run/$name.id"
# conmon's clean-up has removed the container already (--rm), unless conmon was killed; asking podman takes 60 ms.
store=/var/lib/containers/storage/overlay-containers
if [ -n "$cid" ] && [ -d "$store" ] && ! [ -e "$store/$cid" ]; then exit 0; fi
podman rm -f -v -t 0 -i "$podman_name" >/dev/null 2>&1 && exit 0
exec podman rm -f -v -t 0 -i "$podman_name" >/dev/null  # after a killed conmon the first only finds out that it ended
