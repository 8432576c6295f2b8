#!/bin/sh
# Runs a lifecycle hook of a container that runs; leaves a note for the operator when it fails.
# usage: hook.sh RUN_DIR CONTAINER postStart|preStop SECONDS exec:[RUNTIME] command… | sleep: SECONDS | http: REQUEST_FILE
# SECONDS: how long it may take, 0: as long as it wants. A preStop hook that takes longer is left alone, as upstream.
set -u
run=$1 name=$2 hook=$3 seconds=$4 kind=$5
shift 5
libexec=${0%/*}
cid=$(cat "$run/$name.cid" 2>/dev/null) || exit 1
pid=$(cat "$run/$name.pid" 2>/dev/null) || exit 1
limited() { if [ "$seconds" -gt 0 ]; then timeout -k 1 "$seconds" "$@"; else "$@"; fi; }
note() { mkdir -p "$run/hooks" && echo "$@" >> "$run/hooks/$name"; }

if [ "$hook" = postStart ]; then                        # systemd would lose patience with the start
    systemd-notify "EXTEND_TIMEOUT_USEC=86400000000" 2>/dev/null
fi
case $kind in
exec:*) runtime=${kind#exec:}; limited "${runtime:-crun}" exec "$cid" "$@" >/dev/null ;;
sleep:) # ends with the container
    if [ "$seconds" -gt 0 ] && [ "$1" -gt "$seconds" ]; then set -- "$seconds"; fi
    [ "$1" -eq 0 ] || timeout "$1" tail --pid="$pid" -s 0.05 -f /dev/null || true ;;
http:)
    python=$libexec/python
    [ -x "$python" ] || python=python3
    fallback=$(limited "$python" -E -s -S "$libexec/hooks" "$1") ;;
*) echo "invalid handler" >&2; false ;;
esac
code=$?
case $code in
0) exit 0 ;;
3) [ "$kind" = http: ] && note fallback "$fallback" && exit 0 ;;
124) [ "$seconds" -gt 0 ] && exit 124 ;;
esac
note "$hook"
exit "$code"
