#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The guest's start: what any Linux has mounted, one network card, and then the
# agent as process 1. Told by the kernel's command line: vm_host, vm_ip.
# Busybox throughout: a dynamic program takes a tenth of a second to start here.
export PATH=/ramster/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

bb() {
	/bin/busybox "$@"
}

bb mount -a -T /ramster/fstab
bb mkdir -p /var/lib /var/log /var/run /run/lock /dev/pts /dev/shm
bb mount -a -T /ramster/fstab.second
bb cp -a /etc /run/etc
bb mount -o bind /run/etc /etc
for module in $(bb cat /ramster/modules-at-boot); do
	bb insmod "$module"
done
bb mount -t configfs configfs /sys/kernel/config

read -r line </proc/cmdline
for word in $line; do
	case $word in
	vm_host=*) host=${word#vm_host=} ;;
	vm_ip=*) ip=${word#vm_ip=} ;;
	esac
done
echo "$host" >/proc/sys/kernel/hostname
echo "$host" >/etc/hostname
echo 60 >/proc/sys/kernel/hung_task_timeout_secs
bb ip link set lo up
if [ -n "$ip" ]; then
	bb ip link set eth0 up
	bb ip addr add "$ip/24" dev eth0
fi
# shellcheck disable=SC2093 # the first is the only one
for port in /sys/class/virtio-ports/*; do
	exec /ramster/bin/agent "/dev/${port##*/}" </dev/null
done
