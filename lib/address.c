// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <string.h>

#include "address.h"
#include "text.h"

static const char *v4_fault(const struct in_addr *a)
{
	unsigned int host = ntohl(a->s_addr);

	if (host == INADDR_ANY || host == INADDR_BROADCAST)
		return "is no node's own address; write the address that other nodes reach it at";
	if (IN_MULTICAST(host))
		return "is a multicast address; write the address that other nodes reach it at";
	return NULL;
}

static const char *v6_fault(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_UNSPECIFIED(a))
		return "is no node's own address; write the address that other nodes reach it at";
	if (IN6_IS_ADDR_MULTICAST(a))
		return "is a multicast address; write the address that other nodes reach it at";
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return "is link-local, which means another machine on each network; write a global or unique-local address, or IPv4";
	if (IN6_IS_ADDR_V4MAPPED(a))
		return "is IPv4 in disguise; write it as IPv4, such as 10.0.0.1";
	return NULL;
}

char *rms_address_canonical(const char *text, const char **why)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*why = v4_fault(&v4);
		if (*why)
			return NULL;
		return rms_strdup(inet_ntop(AF_INET, &v4, buf, sizeof(buf)));
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		*why = v6_fault(&v6);
		if (*why)
			return NULL;
		return rms_strdup(inet_ntop(AF_INET6, &v6, buf, sizeof(buf)));
	}
	*why = "is not a numeric address; write one such as 10.0.0.1 or fd00::1, without a port";
	return NULL;
}

bool rms_address_is_loopback(const char *a)
{
	return !strncmp(a, "127.", 4) || !strcmp(a, "::1");
}
