// SPDX-License-Identifier: GPL-2.0
/*
 * genlprobe.c - what the kernel lets this process hear of RAMster over netlink
 *
 * Asks for each dump and joins the events, with nothing between it and the kernel. One line
 * each, with the errno's name or "ok":
 *   nodes ok
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../kernel/include/uapi/ramster_genl.h"

struct question {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char name[GENL_NAMSIZ];
};

static char answer[1 << 16];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "genlprobe: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The first message of the answer, with its length; its error as errno. @name: an attribute, or NULL. */
static const struct nlmsghdr *ask(int fd, uint16_t family, uint8_t cmd, uint16_t flags, const char *name)
{
	const struct nlmsghdr *nl = (const void *)answer;
	struct question q = {
		.nl = { .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags },
		.genl = { .cmd = cmd, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + sizeof(q.name), .nla_type = CTRL_ATTR_FAMILY_NAME },
	};
	ssize_t n;

	q.nl.nlmsg_len = name ? sizeof(q) : NLMSG_LENGTH(GENL_HDRLEN);
	if (name)
		strcpy(q.name, name);
	if (send(fd, &q, q.nl.nlmsg_len, 0) < 0)
		die("send");
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < (ssize_t)sizeof(*nl) || nl->nlmsg_len > n)
		die("recv");
	errno = 0;
	if (nl->nlmsg_type == NLMSG_ERROR)
		errno = -((const struct nlmsgerr *)NLMSG_DATA(nl))->error;
	return nl;
}

/* The attribute of this type among @len bytes of them at @attr, or NULL. */
static const struct nlattr *find(const void *attr, int len, unsigned int type)
{
	const struct nlattr *a = attr;

	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		len -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

static const void *inside(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static uint32_t number(const struct nlattr *a)
{
	uint32_t v = 0;

	memcpy(&v, inside(a), a->nla_len - NLA_HDRLEN < 4 ? a->nla_len - NLA_HDRLEN : 4);
	return v;
}

/* Anybody may ask for these numbers. */
static uint16_t find_family(int fd, uint32_t *events)
{
	const struct nlmsghdr *nl = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, RAMSTER_GENL_NAME);
	const struct nlattr *id, *groups, *group;
	const char *attrs = (const char *)NLMSG_DATA(nl) + GENL_HDRLEN;
	int len = nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);

	if (errno)
		die("family");
	id = find(attrs, len, CTRL_ATTR_FAMILY_ID);
	groups = find(attrs, len, CTRL_ATTR_MCAST_GROUPS);
	if (!id || !groups)
		die("family");
	group = inside(groups);		/* there is one */
	*events = number(find(inside(group), group->nla_len - NLA_HDRLEN, CTRL_ATTR_MCAST_GRP_ID));
	return number(id);
}

static void say(const char *what)
{
	printf("%s %s\n", what, errno ? strerrorname_np(errno) : "ok");
}

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		die("socket");
	return fd;
}

static void dump(uint16_t family, uint8_t cmd, const char *what)
{
	int fd = open_socket();	/* whatever follows goes with it */

	ask(fd, family, cmd, NLM_F_DUMP, NULL);
	say(what);
	close(fd);
}

int main(void)
{
	int fd = open_socket();
	uint32_t events;
	uint16_t family = find_family(fd, &events);

	dump(family, RAMSTER_CMD_GET_NODES, "nodes");
	dump(family, RAMSTER_CMD_GET_DEVICES, "devices");
	dump(family, RAMSTER_CMD_GET_COUNTERS, "counters");
	errno = 0;
	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &events, sizeof(events));
	say("events");
	return 0;
}
