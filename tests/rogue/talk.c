// SPDX-License-Identifier: GPL-2.0
/* talk.c - connections, frames and the handshake, as the kernel does it */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rogue.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

void random_bytes(void *p, size_t len)
{
	if (getrandom(p, len, 0) != (ssize_t)len)
		die("getrandom");
}

static socklen_t make_address(const char *text, unsigned short port, struct sockaddr_storage *addr)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)addr;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		die(text);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

int dial(const char *address)
{
	struct sockaddr_storage to;
	socklen_t len = make_address(address, PORT, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage from;

	if (fd < 0 || (me.from && bind(fd, (struct sockaddr *)&from, make_address(me.from, 0, &from))))
		die(me.from ?: address);
	if (connect(fd, (struct sockaddr *)&to, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool send_raw(struct talk *t, const void *data, size_t len)
{
	const u8 *p = data;
	ssize_t n;

	while (len) {
		n = send(t->fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

/* Header, payload, and the checksum or tag that makes it right. */
size_t build(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len, u8 *frame)
{
	struct poly1305_desc_ctx mac;

	hdr.length = len;
	rs_wire_hdr_encode(frame, &hdr);
	if (len)
		memcpy(frame + RS_WIRE_HDR, payload, len);
	len += RS_WIRE_HDR;
	if (!t->guarded) {
		rs_wire_checksum_set(frame, rs_wire_checksum(frame, frame + RS_WIRE_HDR,
							     len - RS_WIRE_HDR));
		return len;
	}
	rs_auth_tag_begin(&t->tx, &mac);
	poly1305_update(&mac, frame, len);
	poly1305_final(&mac, frame + len);
	return len + RS_WIRE_TAG;
}

void make_right(struct talk *t, u8 *frame, size_t len)
{
	struct poly1305_desc_ctx mac;

	if (!t->guarded) {
		rs_wire_checksum_set(frame, rs_wire_checksum(frame, frame + RS_WIRE_HDR,
							     len - RS_WIRE_HDR));
		return;
	}
	len -= RS_WIRE_TAG;
	t->tx.next--;
	rs_auth_tag_begin(&t->tx, &mac);
	poly1305_update(&mac, frame, len);
	poly1305_final(&mac, frame + len);
}

bool send_frame(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len)
{
	return send_raw(t, t->frame, build(t, hdr, payload, len, t->frame));
}

static bool read_all(int fd, u8 *p, size_t len)
{
	while (len) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

bool receive(struct talk *t, struct rs_wire_hdr *hdr)
{
	u8 *payload = t->frame + RS_WIRE_HDR;

	if (!read_all(t->fd, t->frame, RS_WIRE_HDR) || rs_wire_hdr_decode(t->frame, hdr) ||
	    !read_all(t->fd, payload, hdr->length + (t->guarded ? RS_WIRE_TAG : 0)))
		return false;
	if (t->guarded)
		return rs_auth_frame_ok(&t->rx, t->frame, RS_WIRE_HDR + hdr->length);
	return rs_wire_checksum_ok(t->frame, payload, hdr->length);
}

bool begin_talk(struct talk *t, const char *address, enum rs_lane_kind kind,
		const struct rs_auth_key *key, struct rs_hello *hs)
{
	u8 nonce[RS_WIRE_NONCE];

	memset(t, 0, offsetof(struct talk, frame));
	t->fd = dial(address);
	random_bytes(nonce, sizeof(nonce));
	rs_hello_ask(hs, &me.self, me.to, kind, key, nonce);
	return t->fd >= 0;
}

bool say_hello(struct talk *t, const char *address, enum rs_lane_kind kind,
	       const struct rs_auth_key *key, struct rs_hello *hs)
{
	return begin_talk(t, address, kind, key, hs) &&
	       send_frame(t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs->hello, RS_WIRE_HELLO);
}

bool is_greeted(struct talk *t, struct rs_hello *hs)
{
	struct rs_wire_hdr hdr;
	const char *why;

	if (!receive(t, &hdr) || hdr.type != RS_HELLO_REPLY ||
	    rs_hello_answered(hs, &me.self, t->frame + RS_WIRE_HDR, &why))
		return false;
	if (hs->key) {
		rs_auth_session(hs->key, hs->hello, hs->reply, &t->tx, &t->rx);
		t->guarded = true;
	}
	return true;
}

bool is_welcome(struct talk *t)
{
	struct rs_wire_hdr hdr;

	return receive(t, &hdr) && hdr.type == RS_WELCOME;
}

bool shake_hands(struct talk *t, const char *address, enum rs_lane_kind kind)
{
	struct rs_hello hs;

	return say_hello(t, address, kind, me.has_key ? &me.key : NULL, &hs) && is_greeted(t, &hs) &&
	       send_frame(t, (struct rs_wire_hdr){ .type = RS_PROVE }, NULL, 0) && is_welcome(t);
}

bool stays_open(struct talk *t, int seconds)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	u8 some[4096];

	while (poll(&p, 1, seconds * 1000) > 0)
		if (recv(t->fd, some, sizeof(some), 0) <= 0)
			return false;
	return true;
}
