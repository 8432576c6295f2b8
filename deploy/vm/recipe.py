"""What a virtual machine adds to the root file system of a sandbox node. Part of the key of the made image."""

KERNEL = "linux-image-cloud-amd64"
DISK = "4G"  # sparse; what a run writes goes to a file that is deleted with it

# Before the root file system is there nothing can be loaded by name.
EARLY_MODULES = ("virtio_blk",)
# Without udev nobody loads a module because its device is there.
MODULES = ("virtio_net", "overlay", "veth", "bridge", "nf_tables", "nft_chain_nat", "nft_masq", "br_netfilter")

INIT = """\
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
for module in $(/bin/busybox cat /modules/order); do /bin/busybox insmod "/modules/$module"; done
until [ -b /dev/vda ]; do /bin/busybox usleep 20000; done
/bin/busybox mount -t ext4 -o noatime /dev/vda /root || exec /bin/busybox sh
/bin/busybox umount /proc
exec /bin/busybox switch_root /root /usr/lib/systemd/systemd --log-target=journal-or-kmsg
"""

_NETWORK = """\
[Unit]
Description=The virtual machine's only interface
DefaultDependencies=no
Before=network-pre.target
Wants=network-pre.target
After=systemd-modules-load.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lo up
ExecStart=ip address add 10.0.2.15/24 dev eth0
ExecStart=ip link set eth0 up
ExecStart=ip route add default via 10.0.2.2 dev eth0

[Install]
WantedBy=multi-user.target
"""

_AGENT = """\
[Unit]
Description=Runs what the host asks for
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target

[Service]
ExecStart=/usr/bin/python3 -I /usr/local/lib/vm-agent.py
Restart=always
OOMScoreAdjust=-1000
Slice=-.slice
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
"""

# A machine this slow does nothing but read its programs again long before the default of 100 MiB is left.
_OPERATORS = """\
[Service]
TimeoutStartSec=300s
WatchdogSec=0
Environment="UKUBE_EVICTION_HARD=memory.available<300Mi,nodefs.available<10%%,nodefs.inodesFree<5%%"
"""

FILES = {
    "/etc/hostname": "vm\n",
    "/etc/machine-id": "11111111111111111111111111111111\n",
    "/etc/resolv.conf": "nameserver 10.0.2.3\n",
    "/etc/modules-load.d/vm.conf": "".join(f"{name}\n" for name in MODULES),
    "/etc/systemd/system/vm-network.service": _NETWORK,
    "/etc/systemd/system/vm-agent.service": _AGENT,
    # What a sandbox cannot do works here: podman's own defaults hold.
    "/etc/containers/containers.conf.d/50-sandbox.conf": "",
    # Emulated, everything takes ten times as long.
    "/etc/systemd/system.conf.d/vm.conf": "[Manager]\nDefaultTimeoutStartSec=300s\n",
    "/etc/systemd/system/ukube-apiserver.service.d/vm.conf": "[Service]\nTimeoutStartSec=300s\nWatchdogSec=0\n",
    "/etc/systemd/system/ukube-operators.service.d/vm.conf": _OPERATORS,
}
_IDLE = ("serial-getty@ttyS0", "systemd-binfmt", "ldconfig", "modprobe@drm", "modprobe@efi_pstore", "systemd-logind")
LINKS = {
    **{f"/etc/systemd/system/{name}.service": "/dev/null" for name in _IDLE},
    "/etc/systemd/system/multi-user.target.wants/vm-network.service": "/etc/systemd/system/vm-network.service",
    "/etc/systemd/system/sysinit.target.wants/vm-agent.service": "/etc/systemd/system/vm-agent.service",
}
