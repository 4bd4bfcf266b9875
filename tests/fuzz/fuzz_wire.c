// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_wire.c - any bytes as a stream of frames
 *
 * Takes each frame apart as a receiver does, with the payload in a buffer of
 * just its length, so that the sanitizer sees a read beyond it. What is accepted
 * must be canonical: put together again, it is the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "ramster/wire.h"

_Static_assert(RS_WIRE_MAX_FRAME == 131632, "wire.mk has it, too");

static void must(bool holds)
{
	if (!holds)
		abort();
}

static volatile u8 sink;

/* As a receiver would: every byte of the data that the records speak of. */
static void touch(const u8 *data, u32 len)
{
	u8 sum = 0;

	while (len--)
		sum ^= *data++;
	sink = sum;
}

static void put(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	const u8 *data = payload + h->count * RS_WIRE_REC;
	struct rs_wire_rec r;

	for (int i = 0; i < h->count; i++) {
		rs_wire_rec_decode(payload + i * RS_WIRE_REC, &r);
		rs_wire_rec_encode(again + i * RS_WIRE_REC, &r);
		must(r.len >= 1 && r.len <= RS_WIRE_MAX_ZPAGE && r.comp <= 3);
		touch(data, r.len);
		data += r.len;
	}
	must(data == payload + h->length);
}

static void get_reply(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	const u8 *data = payload + h->count * RS_WIRE_REC;
	struct rs_wire_got g;

	for (int i = 0; i < h->count; i++) {
		rs_wire_got_decode(payload + i * RS_WIRE_REC, &g);
		rs_wire_got_encode(again + i * RS_WIRE_REC, &g);
		must(g.len <= RS_WIRE_MAX_ZPAGE);
		touch(data, g.len);
		data += g.len;
	}
	must(data == payload + h->length);
}

static void get(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	struct rs_wire_get g;

	for (int i = 0; i < h->count; i++) {
		rs_wire_get_decode(payload + i * RS_WIRE_REC, &g);
		rs_wire_get_encode(again + i * RS_WIRE_REC, &g);
	}
}

static void flush(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	struct rs_wire_flush f;

	for (int i = 0; i < h->count; i++) {
		rs_wire_flush_decode(payload + i * RS_WIRE_REC, &f);
		rs_wire_flush_encode(again + i * RS_WIRE_REC, &f);
	}
}

static void hello(const u8 *payload, u8 *again)
{
	struct rs_wire_hello h;

	must(!rs_wire_hello_decode(payload, &h));
	must(strlen(h.cluster) >= 1 && strlen(h.cluster) <= RS_WIRE_NAME_MAX);
	rs_wire_version_common(&h);
	rs_wire_hello_encode(again, &h);
}

static void put_reply(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	struct rs_wire_put_reply r;

	must(!rs_wire_put_reply_decode(payload, h->count, &r));
	rs_wire_put_reply_encode(again, &r);
}

static void payload_again(const struct rs_wire_hdr *h, const u8 *payload, u8 *again)
{
	char text[RS_WIRE_MAX_TEXT + 1];

	switch (h->type) {
	case RS_HELLO:
	case RS_HELLO_REPLY:
		hello(payload, again);
		break;
	case RS_PUT:
		put(h, payload, again);
		break;
	case RS_PUT_REPLY:
		put_reply(h, payload, again);
		break;
	case RS_GET:
		get(h, payload, again);
		break;
	case RS_GET_REPLY:
		get_reply(h, payload, again);
		break;
	case RS_FLUSH:
		flush(h, payload, again);
		break;
	case RS_ERROR:
		rs_wire_text_decode(payload, h->length, text);
		must(strlen(text) <= RS_WIRE_MAX_TEXT);
		break;
	default:
		must(!h->length);
	}
}

/* Returns the bytes that the frame took, 0 if it was refused or is not all there. */
static size_t frame(const u8 *data, size_t size)
{
	u8 buf[RS_WIRE_HDR], *payload, *again;
	struct rs_wire_hdr h;

	if (size < RS_WIRE_HDR || rs_wire_hdr_decode(data, &h))
		return 0;
	must(h.length <= RS_WIRE_MAX_PAYLOAD);
	rs_wire_hdr_encode(buf, &h);
	must(!memcmp(buf, data, RS_WIRE_HDR));
	if (size - RS_WIRE_HDR < h.length)
		return 0;

	payload = malloc(h.length);
	again = malloc(h.length);
	if (h.length)
		memcpy(payload, data + RS_WIRE_HDR, h.length);
	rs_wire_checksum_ok(buf, payload, h.length < 64 ? h.length : 64);
	if (!rs_wire_check(&h, payload)) {
		if (h.length)
			memcpy(again, payload, h.length);
		payload_again(&h, payload, again);
		must(!h.length || !memcmp(again, payload, h.length));
	}
	free(again);
	free(payload);
	return RS_WIRE_HDR + h.length;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t took;

	while ((took = frame(data, size))) {
		data += took;
		size -= took;
	}
	return 0;
}
