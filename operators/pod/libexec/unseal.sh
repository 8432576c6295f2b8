#!/bin/sh
# At boot, before the operators run: brings back the Pod's secret files (environment, Secret volumes) into tmpfs. usage: unseal.sh UID
set -eu
umask 077
mkdir -p "/run/ukube/pods/$1"
systemd-creds decrypt --name="ukube-pod-$1" "/var/lib/ukube/pods/$1/sealed" - | tar -xz -C "/run/ukube/pods/$1"
