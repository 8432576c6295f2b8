#!/bin/sh
# postStart: runs a command in a container that has just started; when it fails, the container is ended, and so does the start.
# usage: start.sh RUN_DIR CONTAINER SIGNAL GRACE command…       SIGNAL, GRACE: see stop.sh
set -u
run=$1 name=$2 signal=$3 grace=$4
cid=$(cat "$run/$name.cid") || exit 1
shift 4
crun exec "$cid" "$@" >/dev/null && exit 0
"${0%/*}/stop.sh" "$run" "$name" "$signal" "$grace"     # systemd would only tell conmon
exit 1
