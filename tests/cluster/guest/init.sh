#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The guest's start: what any Linux has mounted, one network card, and then the
# agent as process 1. Told by the kernel's command line: vm_host, vm_ip.
export PATH=/ramster/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /root
mount -t tmpfs tmpfs /mnt
mkdir -p /var/lib /var/log /var/run /run/lock /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
cp -a /etc /run/etc
mount --bind /run/etc /etc
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
modprobe -a configfs virtio_console virtio_net
mount -t configfs configfs /sys/kernel/config

# shellcheck disable=SC2013 # words are what is wanted
for word in $(cat /proc/cmdline); do
	case $word in
	vm_host=*) host=${word#vm_host=} ;;
	vm_ip=*) ip=${word#vm_ip=} ;;
	esac
done
echo "$host" >/proc/sys/kernel/hostname
echo "$host" >/etc/hostname
echo 60 >/proc/sys/kernel/hung_task_timeout_secs
ip link set lo up
if [ -n "$ip" ]; then
	ip link set eth0 up
	ip addr add "$ip/24" dev eth0
fi
exec /ramster/bin/agent "/dev/$(basename /sys/class/virtio-ports/*)" </dev/null
