// SPDX-License-Identifier: GPL-2.0
/*
 * donor.c - a donor that lends, and lies
 *
 *	honest		keeps and returns what it is given
 *	flip		returns pages with a bit changed
 *	stale		returns the first version of a slot that it was ever given
 *	older		the same, and says which version it is
 *	other		returns another slot's page
 *	refuse		says that it has room, and takes nothing
 *	unproven	does not prove the key
 *	no-key		says that it needs none
 *	replayed	gives to each HELLO the answer that the first one was given
 *	eperm		says, which anybody can, that the key of the HELLO is not the right one
 *	fuzz COUNT	until it has sent so many frames that nobody has asked for: see babble.c;
 *			then it is honest
 *	a tampering	(odd.c) of the first page that it returns, on its way; then it is honest
 *
 * Each HELLO's kind of authentication is printed. A line on standard input is, too, with the number of
 * pages that it has been given so far.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rogue.h"

#define SLOTS (1 << 19)

struct kept {
	u8 *data, *first;
	u16 len, first_len, version, first_version;
};

static struct kept kept[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* guards kept */
static const char *mode;
static u32 last_put;
static atomic_ulong given;
static atomic_flag tampered = ATOMIC_FLAG_INIT;

static bool is(const char *name)
{
	return !strcmp(mode, name);
}

static void keep(const struct rs_wire_rec *rec, const u8 *data)
{
	struct kept *k = &kept[rec->slot % SLOTS];

	if (k->data != k->first)
		free(k->data);
	k->data = malloc(rec->len);
	memcpy(k->data, data, rec->len);
	k->len = rec->len;
	k->version = rec->version;
	if (!k->first) {
		k->first = k->data;
		k->first_len = k->len;
		k->first_version = k->version;
	}
	last_put = rec->slot % SLOTS;
}

/* The first page that is returned is tampered with, if it is that mode. */
static bool is_to_be_tampered(const struct rs_wire_hdr *hdr, size_t len)
{
	return hdr->type == RS_GET_REPLY && len > RS_WIRE_REC && is_tampering(mode) &&
	       !atomic_flag_test_and_set(&tampered);
}

/* An answer to a request, or what becomes of it. */
static bool reply(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len)
{
	hdr.room = ROOM;
	if (is_to_be_tampered(&hdr, len)) {
		puts("tampered");
		fflush(stdout);
		return send_tampered(t, mode, hdr, payload, len);
	}
	return babble_instead(hdr.type) ? babble_reply(t, hdr, payload, len) :
					  send_frame(t, hdr, payload, len);
}

static bool put(struct talk *t, const struct rs_wire_hdr *hdr)
{
	const u8 *payload = t->frame + RS_WIRE_HDR, *data = payload + hdr->count * RS_WIRE_REC;
	u64 stored = is("refuse") ? 0 : hdr->count == 64 ? ~0ULL : (1ULL << hdr->count) - 1;
	struct rs_wire_rec rec;
	u8 answer[8];
	int i;

	atomic_fetch_add(&given, hdr->count);
	pthread_mutex_lock(&lock);
	for (i = 0; stored && i < hdr->count; i++) {
		rs_wire_rec_decode(payload + i * RS_WIRE_REC, &rec);
		keep(&rec, data);
		data += rec.len;
	}
	pthread_mutex_unlock(&lock);
	put_unaligned_le64(stored, answer);
	return reply(t, (struct rs_wire_hdr){ .type = RS_PUT_REPLY, .req_id = hdr->req_id,
		     .pool = hdr->pool, .count = hdr->count }, answer, sizeof(answer));
}

/* What is returned for @want, by mode. */
static void pick(const struct rs_wire_get *want, struct rs_wire_got *got, u8 *dst)
{
	const struct kept *k = &kept[want->slot % SLOTS];

	*got = (struct rs_wire_got){ .tag = want->tag, .version = want->version };
	if (!k->data || k->version != want->version)
		return;
	got->len = k->len;
	memcpy(dst, k->data, k->len);
	if (is("flip"))
		dst[k->len / 2] ^= 0x10;
	if ((is("stale") || is("older")) && k->first != k->data) {
		got->len = k->first_len;
		memcpy(dst, k->first, k->first_len);
		if (is("older"))
			got->version = k->first_version;
	}
	if (is("other")) {
		got->len = kept[last_put].len;
		memcpy(dst, kept[last_put].data, got->len);
	}
}

static bool get(struct talk *t, const struct rs_wire_hdr *hdr)
{
	static __thread u8 out[RS_WIRE_MAX_PAYLOAD + RS_WIRE_MAX_ZPAGE];
	static __thread u8 ask[RS_WIRE_MAX_RECORDS * RS_WIRE_REC];
	struct rs_wire_hdr answer = { .type = RS_GET_REPLY, .req_id = hdr->req_id,
				      .pool = hdr->pool, .count = 1 };
	struct rs_wire_get want;
	struct rs_wire_got got;
	int i;

	t->asked = hdr->req_id;
	memcpy(ask, t->frame + RS_WIRE_HDR, hdr->length);
	for (i = 0; i < hdr->count; i++) {
		rs_wire_get_decode(ask + i * RS_WIRE_REC, &want);
		pthread_mutex_lock(&lock);
		pick(&want, &got, out + RS_WIRE_REC);
		pthread_mutex_unlock(&lock);
		rs_wire_got_encode(out, &got);
		if (!reply(t, answer, out, RS_WIRE_REC + got.len))
			return false;
	}
	return true;
}

static bool answer(struct talk *t, const struct rs_wire_hdr *hdr)
{
	struct rs_wire_hdr out = { .req_id = hdr->req_id };

	switch (hdr->type) {
	case RS_PUT:
		return put(t, hdr);
	case RS_GET:
		return get(t, hdr);
	case RS_FLUSH:
		out.type = RS_FLUSH_REPLY;
		out.pool = hdr->pool;
		return reply(t, out, NULL, 0);
	case RS_PING:
		out.type = RS_PONG;
		return reply(t, out, NULL, 0);
	default:
		return false;
	}
}

/* What the first HELLO was answered, whatever this one is. */
static void answer_as_first(u8 *answer)
{
	static u8 first[RS_WIRE_HELLO];
	static bool is_recorded;

	pthread_mutex_lock(&lock);
	if (!is_recorded)
		memcpy(first, answer, sizeof(first));
	is_recorded = true;
	memcpy(answer, first, sizeof(first));
	pthread_mutex_unlock(&lock);
}

static bool answer_hello(struct talk *t, struct rs_hello *hs)
{
	struct rs_wire_hdr hdr = { .type = RS_HELLO_REPLY };
	u8 nonce[RS_WIRE_NONCE];

	random_bytes(nonce, sizeof(nonce));
	if (is("no-key"))
		hs->key = NULL;
	rs_hello_answer(hs, &me.self, nonce);
	if (is("unproven"))
		random_bytes(hs->reply + RS_WIRE_UNPROVEN, RS_WIRE_PROOF);
	if (is("replayed"))
		answer_as_first(hs->reply);
	return babble_instead(hdr.type) ? babble_hello_reply(t, hdr, hs) :
					  send_frame(t, hdr, hs->reply, RS_WIRE_HELLO);
}

static bool welcome(struct talk *t)
{
	struct rs_wire_hdr hdr = { .type = RS_WELCOME, .room = ROOM };

	return babble_instead(hdr.type) ? babble_welcome(t, hdr) : send_frame(t, hdr, NULL, 0);
}

/* A frame has come that should be a HELLO: how would its sender prove who it is? */
static void say_auth(const struct talk *t, const struct rs_wire_hdr *hdr)
{
	struct rs_wire_hello h;

	if (hdr->type != RS_HELLO || rs_wire_hello_decode(t->frame + RS_WIRE_HDR, &h))
		return;
	printf("hello with auth %u\n", h.auth);
	fflush(stdout);
}

static bool greet(struct talk *t)
{
	const struct rs_wire_hdr refused = { .type = RS_ERROR, .status = EPERM };
	struct rs_wire_hdr hdr;
	struct rs_hello hs = { 0 };
	const char *why;

	if (!receive(t, &hdr))
		return false;
	say_auth(t, &hdr);
	if (is("eperm")) {
		send_frame(t, refused, NULL, 0);
		return false;
	}
	if (rs_hello_frame(&hs, &me.self, &me.key, 1, hdr.type, t->frame + RS_WIRE_HDR, &why))
		return false;
	t->kind = hs.them.lane;
	if (!answer_hello(t, &hs))
		return false;
	if (hs.key) {
		rs_auth_session(hs.key, hs.hello, hs.reply, &t->rx, &t->tx);
		t->guarded = true;
	}
	return receive(t, &hdr) && hdr.type == RS_PROVE && welcome(t);
}

static void *serve(void *arg)
{
	struct talk *t = calloc(1, sizeof(*t));
	struct rs_wire_hdr hdr;

	t->fd = (int)(long)arg;
	if (greet(t))
		/* Not before the first request: the owner would not even have linked. */
		while (receive(t, &hdr) && !rs_wire_check(&hdr, t->frame + RS_WIRE_HDR) &&
		       answer(t, &hdr) && babble_in_silence(t))
			;
	close(t->fd);
	free(t);
	return NULL;
}

static void *answer_questions(void *unused)
{
	char line[80];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		printf("%s: given %lu\n", line, atomic_load(&given));
		fflush(stdout);
	}
	return unused;
}

int donor_main(const char *which, unsigned long count)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	pthread_t thread;
	long conn;

	mode = which;
	if (is("fuzz"))
		babble_begin(count);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16)) {
		perror("rogue: cannot listen");
		return 2;
	}
	pthread_create(&thread, NULL, answer_questions, NULL);
	pthread_detach(thread);
	puts("ready");
	fflush(stdout);
	while ((conn = accept(fd, NULL, NULL)) >= 0) {
		pthread_create(&thread, NULL, serve, (void *)conn);
		pthread_detach(thread);
	}
	return 2;
}
