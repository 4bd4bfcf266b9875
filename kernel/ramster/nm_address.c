// SPDX-License-Identifier: GPL-2.0
/* nm_address.c - addresses as an administrator writes them */
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/string.h>
#include <net/addrconf.h>
#include <net/ipv6.h>

#include "nm.h"

static const char *v4_fault(__be32 a)
{
	if (ipv4_is_zeronet(a) || ipv4_is_lbcast(a) || ipv4_is_multicast(a))
		return "is no node's own address; write the one that other nodes reach it at";
	return NULL;
}

static const char *v6_fault(const struct in6_addr *a)
{
	if (ipv6_addr_any(a) || ipv6_addr_is_multicast(a))
		return "is no node's own address; write the one that other nodes reach it at";
	if (ipv6_addr_type(a) & IPV6_ADDR_LINKLOCAL)
		return "is link-local, another machine on each network; write a global or unique-local one";
	if (ipv6_addr_v4mapped(a))
		return "is IPv4 in disguise; write it as IPv4, such as 10.0.0.1";
	return NULL;
}

/**
 * nm_address_parse - read a numeric address that a node can have
 * @page:  what was written
 * @count: bytes of it
 * @addr:  out, with port 0
 *
 * Context: any.
 * Return: NULL, or what is wrong and what would be right.
 */
const char *nm_address_parse(const char *page, size_t count, struct sockaddr_storage *addr)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)addr;
	const char *end;

	memset(addr, 0, sizeof(*addr));
	if (count && page[count - 1] == '\n')
		count--;
	if (in4_pton(page, count, (u8 *)&v4->sin_addr, '\0', &end) && end == page + count) {
		v4->sin_family = AF_INET;
		return v4_fault(v4->sin_addr.s_addr);
	}
	if (in6_pton(page, count, (u8 *)&v6->sin6_addr, '\0', &end) && end == page + count) {
		v6->sin6_family = AF_INET6;
		return v6_fault(&v6->sin6_addr);
	}
	return "is not a numeric address; write one such as 10.0.0.1 or fd00::1, without a port";
}

/* Are they the same but for the port? Both are set. */
bool nm_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)b)->sin_addr.s_addr;
	return ipv6_addr_equal(&((struct sockaddr_in6 *)a)->sin6_addr,
			       &((struct sockaddr_in6 *)b)->sin6_addr);
}

/* Can strangers reach it? False only for 127.0.0.0/8 and ::1. It is set. */
bool nm_address_is_public(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return !ipv4_is_loopback(((struct sockaddr_in *)addr)->sin_addr.s_addr);
	return !ipv6_addr_loopback(&((struct sockaddr_in6 *)addr)->sin6_addr);
}
