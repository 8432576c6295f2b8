#!/bin/sh
# Before each start of a container: binds at PINS/<number> what it is to see of a volume other than the whole of it: a sub path, or
# a tree that is read-only with all that is mounted in it. usage: mounts.sh LIST PINS CONTAINER
# LIST: lines of number, flags, volume's name, path of the volume, ./path below it; paths as for printf %b. What is in a volume is
# the containers' doing: each part of a path is entered and then looked at from inside, so that a link that is put there meanwhile
# leads nowhere.
set -uf
list=$1 pins=$2 container=$3
full=0777

fail() {
    echo "Error: failed to $1 for volumeMount \"$name\" of container \"$container\"" >&2
    exit 125                                    # as podman, when it could not create a container
}
here() {                                        # the current folder, whatever its name, with a slash
    now=$(pwd -P && echo .) || return 1
    now=${now%?.}
    case $now in /) ;; *) now=$now/ ;; esac
}
inside() { here && case $now in "$base"*) return 0 ;; *) return 1 ;; esac; }

make() {                                        # a missing folder has the volume's own permissions
    mode=$(stat -c %a -- "$base") || return 1
    (umask "$(printf %04o $((full & ~0$mode)))" && mkdir "./$1" 2>/dev/null)
    [ -d "./$1" ]
}

go() {                                          # into the folder of path $1; `last` is the name of a file in it, or "."
    rest=$1 last=.
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
        case $part in '' | .) continue ;; ..) fail "prepare subPath" ;; esac
        if ! [ -e "./$part" ] && ! [ -L "./$part" ]; then
            make "$part" || fail "create subPath directory"
        fi
        if [ -d "./$part" ]; then
            cd -P "./$part" 2>/dev/null && inside || fail "prepare subPath"
        elif [ -n "$rest" ]; then
            fail "prepare subPath"
        else
            last=$part
        fi
    done
    [ "$last" = . ] || ! [ -L "./$last" ] || follow
}

follow() {                                      # a link to a file: it may lead anywhere within the volume
    to=$(readlink -f -- "./$last" && echo .) || fail "prepare subPath"
    to=${to%?.}
    folder=${to%/*} last=${to##*/}
    cd -P "${folder:-/}" 2>/dev/null && inside && ! [ -L "./$last" ] && [ -e "./$last" ] || fail "prepare subPath"
}

clear_pin() {
    while mountpoint -q "$pin"; do
        mount --make-rslave "$pin" && umount -l "$pin" || return 1
    done
    if [ -d "$pin" ]; then rmdir "$pin"; else rm -f "$pin"; fi
}

bind() {
    how=--make-rslave                           # what is unmounted here later is not to vanish where it came from
    case $flags in *shared*) how=--make-rshared ;; esac
    if [ "$last" = . ]; then
        mkdir -p "$pin" && mount -c --rbind "$how" . "$pin" || return 1
    else
        : > "$pin" && mount -c --bind "./$last" "$pin" || return 1
        # Had the name become a link for a moment, it would be another file that is bound now.
        if [ "$(stat -c %d:%i -- "./$last")" != "$(stat -c %d:%i -- "$pin")" ]; then
            umount -l "$pin"
            return 1
        fi
    fi
    case $flags in *Enabled* | *IfPossible*) lock || { umount -l "$pin"; return 1; } ;; esac
}

lock() {                                        # read-only, one mount after the other: all of them, on any kernel
    while read -r _ _ _ _ point _; do
        case $point/ in
        "$pin"/*)
            point=$(printf '%b.' "$(printf %s "$point" | sed 's/\\/&0/g')") || return 1
            mount -o remount,bind,ro "${point%.}" || return 1
            ;;
        esac
    done < /proc/self/mountinfo
}

umask 077
mkdir -p "$pins" || exit 1
while read -r number flags name volume below; do
    pin=$pins/$number
    volume=$(printf '%b.' "$volume") below=$(printf '%b.' "$below")
    volume=${volume%.} below=${below%.}
    if [ -e "$pin" ]; then clear_pin || fail "prepare subPath"; fi
    if [ "$below" = ./ ] && [ -f "$volume" ]; then
        cd -P "${volume%/*}/" 2>/dev/null || fail "prepare subPath"
        last=${volume##*/}
    else
        cd -P "$volume" 2>/dev/null && here || fail "prepare subPath"
        base=$now
        go "$below"
    fi
    bind || fail "prepare subPath"
done < "$list"
