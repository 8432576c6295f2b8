#!/bin/sh
# The node's Pod network: a bridge and the nftables table. usage: network.sh up BRIDGE GATEWAY/PREFIX RULESET…
# Called by ukube-network.service before any Pod, at boot too; safe to run again.
set -eu
[ "$1" = up ]
bridge=$2 gateway=$3
shift 3
if ! [ -d "/sys/class/net/$bridge" ]; then
    ip link add "$bridge" type bridge
fi
# Writes go through ip and /proc only: sysctl(8) may be missing on a small node.
ip -b - <<EOF
addr replace $gateway dev $bridge
link set $bridge up
EOF
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > "/proc/sys/net/ipv4/conf/$bridge/route_localnet"     # a hostPort is reachable at 127.0.0.1 of the node
# Pods without some rules are better than no Pods: whoever wrote the rules tells of it when it loads them again.
for ruleset; do
    if [ -s "$ruleset" ]; then nft -f "$ruleset" || echo "the rules in $ruleset are not in force" >&2; fi
done
