#!/bin/sh
# Makes the image NAME from the busybox of this machine: every applet, and nothing else. usage: busybox.sh NAME RECIPE
set -eu
name=$1 recipe=$2
busybox=$(command -v busybox)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/home" "$root/var" "$root/proc" "$root/sys" "$root/dev"
mkdir -m 1777 "$root/tmp"
chmod 755 "$root"
cp -L "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
tar -C "$root" -c . | podman import -q --change 'CMD ["sh"]' --change 'ENV PATH=/bin' --change "LABEL microkube.recipe=$recipe" - "$name"
