#!/bin/sh
# postStart: runs a hook of a container that has just started; when it fails, the container is ended, and so does the start.
# usage: start.sh RUN_DIR CONTAINER SIGNAL GRACE hook…          SIGNAL, GRACE: see stop.sh; hook: see hook.sh
set -u
run=$1 name=$2 signal=$3 grace=$4
shift 4
"${0%/*}/hook.sh" "$run" "$name" postStart 0 "$@" && exit 0
"${0%/*}/stop.sh" "$run" "$name" "$signal" "$grace"     # systemd would only tell conmon
exit 1
