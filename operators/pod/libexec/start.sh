#!/bin/sh
# postStart: runs a hook of a container that has just started; when it fails, the container is ended, and so does the start.
# usage: start.sh RUN_DIR CONTAINER SIGNAL GRACE COUNT hook… [preStop hook…]
#        SIGNAL, GRACE: see stop.sh; hook: see hook.sh; COUNT: of the words of the first one
set -u
run=$1 name=$2 signal=$3 grace=$4 count=$5
shift 5
hook() {                                                # with the first words alone
    left=$count
    for word; do
        shift
        [ "$left" -gt 0 ] && set -- "$@" "$word"
        left=$((left - 1))
    done
    "${0%/*}/hook.sh" "$run" "$name" postStart 0 "$@"
}
hook "$@" && exit 0
shift "$count"
"${0%/*}/stop.sh" "$run" "$name" "$signal" "$grace" "$@"        # systemd would only tell conmon
exit 1
