/* SPDX-License-Identifier: GPL-2.0 */
/* address.h - addresses as sockets take them */
#ifndef _RAMSTER_ADDRESS_H
#define _RAMSTER_ADDRESS_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>

/* Bytes of an IPv4 or IPv6 address. Any context. */
static inline size_t rs_address_length(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
					    sizeof(struct sockaddr_in6);
}

#endif
