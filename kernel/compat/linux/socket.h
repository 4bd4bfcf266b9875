/* SPDX-License-Identifier: GPL-2.0 */
/*
 * socket.h - struct sockaddr_unsized
 */
#ifndef _COMPAT_LINUX_SOCKET_H
#define _COMPAT_LINUX_SOCKET_H

#include_next <linux/socket.h>
#include <linux/version.h>

/* Linux 6.19: an address of any length is a sockaddr_unsized for kernel_bind() and its kin. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized sockaddr
#endif

#endif
