#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Finds the two read-only disks that every VM has (userland, and what is under
# test) and goes on there.
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules); do
	/bin/busybox insmod "$module"
done
/bin/busybox mount -r -t ext4 /dev/vda /new
/bin/busybox mount -r -t ext4 /dev/vdb /new/ramster
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /ramster/init
