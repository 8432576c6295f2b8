#!/bin/sh
# At boot: starts the units of every Pod that was there. usage: boot.sh FOLDER      (FOLDER: links to the units)
# Not links in ukube.target.wants: systemd would keep all they name loaded, also when the Pods and their files are gone,
# and a later Pod of the same name would run with its predecessor's unit.
set -eu
cd "$1" 2>/dev/null || exit 0
for link in *; do
    [ -e "$link" ] || continue                     # no link at all, or one whose unit file is gone
    set -- "$@" "$link"
done
shift
[ $# -eq 0 ] || exec systemctl start --no-block -- "$@"
