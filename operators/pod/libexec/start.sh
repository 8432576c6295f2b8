#!/bin/sh
# postStart: runs a command in a container that has just started; when it fails, so does the start.
# usage: start.sh RUN_DIR CONTAINER command…
set -u
cid=$(cat "$1/$2.cid") || exit 1
shift 2
exec crun exec "$cid" "$@" >/dev/null
