#!/bin/sh
# Has a container join the user namespace of its Pod instead of making one of its own, so that the Pod's network, host
# name and processes belong to it. podman calls this before it makes a container, with the container's configuration on
# standard input and the wanted one on standard output; see oci-hooks(5), "precreate". usage: userns.sh UID
# Text that a Pod's author wrote cannot match: a quotation mark in it is "\"" in JSON.
exec sed "s|{\"type\":\"user\"}|{\"type\":\"user\",\"path\":\"/run/ukube/pods/$1/ns/user\"}|"
