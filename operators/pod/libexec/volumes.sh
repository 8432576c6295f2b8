#!/bin/sh
# At boot, before a Pod's containers: makes again what of its volumes a reboot has taken. usage: volumes.sh LIST
# LIST: lines of kind (tmpfs, hugetlbfs, directory, file), mount options or mode, path as for printf %b
set -u
umask 022
while read -r kind how path; do
    path=$(printf '%b.' "$path")
    path=${path%.}
    case $kind in
    tmpfs | hugetlbfs)
        mountpoint -q "$path" && continue
        mkdir -p "$path"
        mount -t "$kind" -o "$how,noswap" "$kind" "$path" 2>/dev/null || mount -t "$kind" -o "$how" "$kind" "$path"
        ;;
    directory) [ -e "$path" ] || mkdir -p -- "$path" ;;
    file) [ -e "$path" ] || : > "$path" ;;
    esac
done < "$1"
