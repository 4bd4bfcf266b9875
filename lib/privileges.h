/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privileges.h - what nobody else is to see, and what we need not be able to do
 */
#ifndef RMS_PRIVILEGES_H
#define RMS_PRIVILEGES_H

/*
 * No core dump of this process, not even to a program that core_pattern names, which
 * RLIMIT_CORE does not stop: the cluster key passes through its memory. The same for its
 * children, until they execute another program.
 */
void rms_hide_memory(void);

/**
 * rms_drop_privileges() - keep only what a node that runs needs
 *
 * That is CAP_SYS_ADMIN (swap, devices), CAP_SYS_MODULE, CAP_NET_ADMIN (the cluster) and
 * CAP_SYSLOG (the kernel's reasons), where they are there: the same as in
 * systemd/ramsterd.service.in. No program that is executed gets more.
 *
 * Return: 0 or -errno.
 */
int rms_drop_privileges(void);

#endif
