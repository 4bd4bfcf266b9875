// SPDX-License-Identifier: GPL-2.0
/* test_wire.c - frames between nodes: what goes in comes out, and nothing else does */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ramster/wire.h"

/* A frame that is fine, to be spoilt. */
struct frame {
	struct rs_wire_hdr h;
	u8 payload[RS_WIRE_MAX_PAYLOAD];
};

static struct frame f;

static int decode(void)
{
	u8 buf[RS_WIRE_HDR];
	struct rs_wire_hdr back;

	rs_wire_hdr_encode(buf, &f.h);
	return rs_wire_hdr_decode(buf, &back);
}

static int check(void)
{
	int err = decode();

	return err ? err : rs_wire_check(&f.h, f.payload);
}

static void begin(u8 type, u16 count, u32 length)
{
	memset(&f, 0, sizeof(f));
	f.h = (struct rs_wire_hdr){ .type = type, .count = count, .length = length };
}

/* A PUT of @count zpages of @len bytes. */
static void begin_put(u16 count, u16 len)
{
	begin(RS_PUT, count, count * (RS_WIRE_REC + len));
	for (int i = 0; i < count; i++) {
		struct rs_wire_rec r = { .slot = i, .version = 7, .len = len, .comp = i & 3 };

		rs_wire_rec_encode(f.payload + i * RS_WIRE_REC, &r);
	}
}

static void begin_get_reply(u16 count, u16 len)
{
	begin(RS_GET_REPLY, count, count * (RS_WIRE_REC + len));
	for (int i = 0; i < count; i++) {
		struct rs_wire_got g = { .tag = i, .version = 7, .len = len };

		rs_wire_got_encode(f.payload + i * RS_WIRE_REC, &g);
	}
}

static struct rs_wire_hello some_hello(void)
{
	struct rs_wire_hello h = {
		.from = 1, .to = 1022, .lane = RS_LANE_FETCH, .version_min = 1, .version_max = 9,
		.features = 0x80000001,
	};

	for (int i = 0; i < 16; i++)
		h.incarnation[i] = 0xf0 + i;
	strcpy(h.cluster, "lab.2_A-z");
	h.auth = RS_AUTH_KEY;
	memset(h.nonce, 0x11, sizeof(h.nonce));
	memset(h.key_id, 0x22, sizeof(h.key_id));
	memset(h.proof, 0x33, sizeof(h.proof));
	return h;
}

static void begin_hello(void)
{
	struct rs_wire_hello h = some_hello();

	begin(RS_HELLO, 0, RS_WIRE_HELLO);
	rs_wire_hello_encode(f.payload, &h);
}

static void test_header_layout(void **state)
{
	static const u8 want[RS_WIRE_HDR] = {
		'T', 'S', 'M', 'R', 1, RS_PUT_REPLY, 0, 0,
		0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55,
		0x40, 0, 28, 0, 8, 0, 0, 0,
		0xcc, 0xbb, 0xaa, 0x99, 0xef, 0xbe, 0xad, 0xde,
	};
	struct rs_wire_hdr h = {
		.type = RS_PUT_REPLY, .req_id = 0x11223344, .pool = 0x55667788, .count = 64,
		.status = 28, .length = 8, .room = 0x99aabbcc, .checksum = 0xdeadbeef,
	};
	struct rs_wire_hdr back = { 0 };
	u8 buf[RS_WIRE_HDR];

	(void)state;
	rs_wire_hdr_encode(buf, &h);
	assert_memory_equal(buf, want, sizeof(want));
	assert_int_equal(rs_wire_hdr_decode(buf, &back), 0);
	assert_int_equal(back.type, h.type);
	assert_int_equal(back.flags, 0);
	assert_int_equal(back.req_id, h.req_id);
	assert_int_equal(back.pool, h.pool);
	assert_int_equal(back.count, h.count);
	assert_int_equal(back.status, h.status);
	assert_int_equal(back.length, h.length);
	assert_int_equal(back.room, h.room);
	assert_int_equal(back.checksum, h.checksum);
}

static void test_magic_version_type(void **state)
{
	struct rs_wire_hdr back;
	u8 buf[RS_WIRE_HDR];

	(void)state;
	begin(RS_PING, 0, 0);
	rs_wire_hdr_encode(buf, &f.h);
	assert_int_equal(rs_wire_hdr_decode(buf, &back), 0);
	for (int i = 0; i < 4; i++) {
		buf[i] ^= 1;
		assert_int_equal(rs_wire_hdr_decode(buf, &back), -EBADMSG);
		buf[i] ^= 1;
	}
	for (int v = 0; v < 256; v++) {
		buf[4] = v;
		assert_int_equal(rs_wire_hdr_decode(buf, &back),
				 v == RS_WIRE_VERSION ? 0 : -EPROTONOSUPPORT);
	}
	buf[4] = RS_WIRE_VERSION;
	for (int t = 0; t < 256; t++) {
		buf[5] = t;
		if (!t || t >= __RS_WIRE_TYPES)
			assert_int_equal(rs_wire_hdr_decode(buf, &back), -EBADMSG);
	}
}

/* What each type allows: the smallest and largest count, and the lengths for these. */
static void test_bounds_by_type(void **state)
{
	static const struct {
		u8 type;
		u16 count_min, count_max;
		u32 min, max;	/* bytes for count_max records */
		u16 status;
	} types[] = {
		{ RS_HELLO, 0, 0, 168, 168, 0 },
		{ RS_HELLO_REPLY, 0, 0, 168, 168, 0 },
		{ RS_PUT, 1, 64, 512 + 1, 512 + 131072, 0 },
		{ RS_PUT_REPLY, 1, 64, 8, 8, 0 },
		{ RS_GET, 1, 64, 512, 512, 0 },
		{ RS_GET_REPLY, 1, 64, 512, 512 + 131072, 0 },
		{ RS_FLUSH, 1, 512, 4096, 4096, 0 },
		{ RS_FLUSH_REPLY, 0, 512, 0, 0, 0 },
		{ RS_PING, 0, 0, 0, 0, 0 },
		{ RS_PONG, 0, 0, 0, 0, 0 },
		{ RS_RECALL, 1, 65535, 0, 0, 0 },
		{ RS_ERROR, 0, 0, 0, 120, 5 },
		{ RS_PROVE, 0, 0, 0, 0, 0 },
		{ RS_WELCOME, 0, 0, 0, 0, 0 },
	};

	(void)state;
	assert_int_equal(sizeof(types) / sizeof(types[0]), __RS_WIRE_TYPES - 1);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		begin(types[i].type, types[i].count_max, types[i].min);
		f.h.status = types[i].status;
		assert_int_equal(decode(), 0);
		f.h.length = types[i].max;
		assert_int_equal(decode(), 0);
		f.h.length = types[i].max + 1;
		assert_int_equal(decode(), -EMSGSIZE);
		f.h.length = ~0U;
		assert_int_equal(decode(), -EMSGSIZE);
		if (types[i].min) {
			f.h.length = types[i].min - 1;
			assert_int_equal(decode(), -EBADMSG);
			f.h.length = 0;
			assert_int_equal(decode(), -EBADMSG);
		}
		f.h.length = types[i].min;
		if (types[i].count_max < 65535) {
			f.h.count = types[i].count_max + 1;
			assert_true(decode() < 0);
			f.h.count = 65535;
			assert_true(decode() < 0);
		}
		if (types[i].count_min) {
			f.h.count = 0;
			assert_true(decode() < 0);
		}
		assert_true(types[i].max <= RS_WIRE_MAX_PAYLOAD);
	}
}

/* Fields that a type does not use are zero. */
static void test_unused_fields(void **state)
{
	static const struct {
		u8 type;
		bool pool, status, room;
	} types[] = {
		{ RS_HELLO, false, false, false },
		{ RS_HELLO_REPLY, false, false, false },
		{ RS_PUT, true, false, false },
		{ RS_PUT_REPLY, true, true, true },
		{ RS_GET, true, false, false },
		{ RS_GET_REPLY, true, true, true },
		{ RS_FLUSH, true, false, false },
		{ RS_FLUSH_REPLY, true, true, true },
		{ RS_PING, false, false, false },
		{ RS_PONG, false, false, true },
		{ RS_RECALL, false, false, true },
		{ RS_ERROR, false, true, false },
		{ RS_PROVE, false, false, false },
		{ RS_WELCOME, false, false, true },
	};
	static const u32 lengths[__RS_WIRE_TYPES] = {
		[RS_HELLO] = 168, [RS_HELLO_REPLY] = 168, [RS_PUT] = 9, [RS_PUT_REPLY] = 8,
		[RS_GET] = 8, [RS_GET_REPLY] = 8, [RS_FLUSH] = 8,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		u8 type = types[i].type;
		bool records = type >= RS_PUT && type <= RS_FLUSH_REPLY;

		begin(type, records || type == RS_RECALL, lengths[type]);
		f.h.status = type == RS_ERROR;
		assert_int_equal(decode(), 0);
		f.h.pool = 1;
		assert_int_equal(decode(), types[i].pool ? 0 : -EBADMSG);
		f.h.pool = 0;
		f.h.room = 1;
		assert_int_equal(decode(), types[i].room ? 0 : -EBADMSG);
		f.h.room = 0;
		f.h.status = 4095;
		assert_int_equal(decode(), types[i].status ? 0 : -EBADMSG);
		f.h.status = 4096;
		assert_int_equal(decode(), -EBADMSG);
		f.h.status = type == RS_ERROR;
		f.h.flags = type == RS_FLUSH ? 3 : 1;
		assert_int_equal(decode(), -EBADMSG);
		f.h.flags = 0x8000;
		assert_int_equal(decode(), -EBADMSG);
	}
	begin(RS_ERROR, 0, 0);
	assert_int_equal(decode(), -EBADMSG);
}

static void test_flush_scopes(void **state)
{
	struct rs_wire_flush r = { .slot = 0xaabbccdd, .version = 0x1122 }, back;

	(void)state;
	begin(RS_FLUSH, 1, 8);
	rs_wire_flush_encode(f.payload, &r);
	assert_memory_equal(f.payload, "\xdd\xcc\xbb\xaa\x22\x11\0\0", 8);
	rs_wire_flush_decode(f.payload, &back);
	assert_int_equal(back.slot, r.slot);
	assert_int_equal(back.version, r.version);
	f.h.pool = 3;
	assert_int_equal(check(), 0);
	f.payload[7] = 1;
	assert_int_equal(check(), -EBADMSG);

	f.payload[7] = 0;
	f.h.flags = RS_FLUSH_POOL;
	assert_int_equal(check(), -EBADMSG);
	f.h.count = f.h.length = 0;
	assert_int_equal(check(), 0);
	f.h.flags = RS_FLUSH_PAGES;
	assert_int_equal(check(), -EBADMSG);
	f.h.flags = RS_FLUSH_ALL;
	assert_int_equal(check(), -EBADMSG);
	f.h.pool = 0;
	assert_int_equal(check(), 0);
}

static void test_put(void **state)
{
	struct rs_wire_rec r = { .slot = 0x01020304, .version = 0x0506, .len = 4096, .comp = 3 };
	struct rs_wire_rec back;

	(void)state;
	begin_put(1, 4096);
	rs_wire_rec_encode(f.payload, &r);
	assert_memory_equal(f.payload, "\x04\x03\x02\x01\x06\x05\x00\x70", 8);
	rs_wire_rec_decode(f.payload, &back);
	assert_int_equal(back.slot, r.slot);
	assert_int_equal(back.version, r.version);
	assert_int_equal(back.len, r.len);
	assert_int_equal(back.comp, r.comp);
	assert_int_equal(check(), 0);

	begin_put(64, 2048);
	assert_int_equal(check(), 0);
	begin_put(64, 1);
	assert_int_equal(check(), 0);
	begin_put(32, 4096);
	assert_int_equal(check(), 0);
	/* 64 raw pages are more than a frame's data. */
	begin_put(32, 4096);
	f.h.count = 64;
	f.h.length = 64 * (8 + 4096);
	assert_int_equal(check(), -EMSGSIZE);

	begin_put(3, 100);
	f.payload[8 + 7] |= 0x80;
	assert_int_equal(check(), -EBADMSG);
}

static void set_len(int i, u16 len)
{
	f.payload[i * 8 + 6] = len & 0xff;
	f.payload[i * 8 + 7] = len >> 8;
}

static void test_put_lengths(void **state)
{
	(void)state;
	begin_put(3, 100);
	assert_int_equal(check(), 0);
	f.h.length++;
	assert_int_equal(check(), -EBADMSG);
	f.h.length -= 2;
	assert_int_equal(check(), -EBADMSG);
	f.h.length++;

	set_len(1, 0);
	assert_int_equal(check(), -EBADMSG);
	/* The sum is right, a part is not. */
	set_len(0, 200);
	assert_int_equal(check(), -EBADMSG);
	set_len(0, 100);
	set_len(1, 101);
	set_len(2, 99);
	assert_int_equal(check(), 0);

	begin_put(1, RS_WIRE_MAX_ZPAGE);
	assert_int_equal(check(), 0);
	set_len(0, RS_WIRE_MAX_ZPAGE + 1);
	f.h.length++;
	assert_int_equal(check(), -EBADMSG);
	set_len(0, 8191);
	f.h.length = 8 + 8191;
	assert_int_equal(check(), -EBADMSG);
}

static void test_get(void **state)
{
	struct rs_wire_get g = { .slot = 0x01020304, .version = 0x0506, .tag = 0x0708 }, back;

	(void)state;
	begin(RS_GET, 1, 8);
	rs_wire_get_encode(f.payload, &g);
	assert_memory_equal(f.payload, "\x04\x03\x02\x01\x06\x05\x08\x07", 8);
	rs_wire_get_decode(f.payload, &back);
	assert_int_equal(back.slot, g.slot);
	assert_int_equal(back.version, g.version);
	assert_int_equal(back.tag, g.tag);
	assert_int_equal(check(), 0);
}

static void test_get_reply(void **state)
{
	struct rs_wire_got g = { .tag = 0x0102, .version = 0x0304, .len = 4096 }, back;

	(void)state;
	begin_get_reply(1, 4096);
	rs_wire_got_encode(f.payload, &g);
	assert_memory_equal(f.payload, "\x02\x01\x04\x03\x00\x10\x00\x00", 8);
	rs_wire_got_decode(f.payload, &back);
	assert_int_equal(back.tag, g.tag);
	assert_int_equal(back.version, g.version);
	assert_int_equal(back.len, g.len);
	assert_int_equal(check(), 0);
	f.payload[6] = 1;
	assert_int_equal(check(), -EBADMSG);

	/* Nothing held. */
	begin_get_reply(64, 0);
	assert_int_equal(check(), 0);
	begin_get_reply(64, 2048);
	assert_int_equal(check(), 0);
	f.h.length--;
	assert_int_equal(check(), -EBADMSG);
	f.payload[4] = 0xff;
	f.payload[5] = 0xff;
	assert_int_equal(check(), -EBADMSG);

	begin_get_reply(2, RS_WIRE_MAX_ZPAGE);
	assert_int_equal(check(), 0);
	f.payload[4]++;
	f.h.length++;
	assert_int_equal(check(), -EBADMSG);
}

static void test_put_reply(void **state)
{
	struct rs_wire_put_reply r = { .stored = 0x8000000000000001 }, back;

	(void)state;
	begin(RS_PUT_REPLY, 64, 8);
	rs_wire_put_reply_encode(f.payload, &r);
	assert_int_equal(rs_wire_put_reply_decode(f.payload, 64, &back), 0);
	assert_true(back.stored == r.stored);
	assert_int_equal(check(), 0);
	f.h.count = 63;
	assert_int_equal(check(), -EBADMSG);
	r.stored = 1;
	rs_wire_put_reply_encode(f.payload, &r);
	f.h.count = 1;
	assert_int_equal(check(), 0);
	r.stored = 2;
	rs_wire_put_reply_encode(f.payload, &r);
	assert_int_equal(check(), -EBADMSG);
}

static void test_hello(void **state)
{
	struct rs_wire_hello h = some_hello(), back;

	(void)state;
	begin_hello();
	assert_int_equal(check(), 0);
	assert_int_equal(rs_wire_hello_decode(f.payload, &back), 0);
	assert_int_equal(back.from, h.from);
	assert_int_equal(back.to, h.to);
	assert_int_equal(back.lane, h.lane);
	assert_int_equal(back.version_min, h.version_min);
	assert_int_equal(back.version_max, h.version_max);
	assert_int_equal(back.features, h.features);
	assert_memory_equal(back.incarnation, h.incarnation, 16);
	assert_string_equal(back.cluster, h.cluster);
	assert_int_equal(back.auth, h.auth);
	assert_memory_equal(back.nonce, h.nonce, sizeof(h.nonce));
	assert_memory_equal(back.key_id, h.key_id, sizeof(h.key_id));
	assert_memory_equal(back.proof, h.proof, sizeof(h.proof));
	assert_int_equal(f.payload[RS_WIRE_UNPROVEN - 1], 0x22);
	assert_int_equal(f.payload[RS_WIRE_UNPROVEN], 0x33);

	memset(h.cluster, 'x', 64);
	h.cluster[64] = 0;
	rs_wire_hello_encode(f.payload, &h);
	assert_int_equal(rs_wire_hello_decode(f.payload, &back), 0);
	assert_string_equal(back.cluster, h.cluster);
}

static void test_hello_refused(void **state)
{
	static const struct {
		u8 at, value;
	} bad[] = {
		{ 1, 4 },			/* from 1025 */
		{ 3, 4 },			/* to 1278 */
		{ 4, 2 },			/* lane */
		{ 5, 0 }, { 5, 10 }, { 6, 0 },	/* versions */
		{ 7, 0 }, { 7, 2 },		/* a proof without a key, unknown */
		{ 28, 0 }, { 29, '/' }, { 29, ' ' }, { 29, 0x80 }, { 29, '\n' }, { 29, 0 },
		{ 60, 'x' }, { 91, 'x' }, { 92, 'x' }, { 95, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin_hello();
		f.payload[bad[i].at] = bad[i].value;
		assert_int_equal(check(), -EBADMSG);
	}
	/* 65 letters. */
	begin_hello();
	memset(f.payload + 28, 'x', 65);
	assert_int_equal(check(), -EBADMSG);
}

static void test_versions(void **state)
{
	struct rs_wire_hello h = { 0 };

	(void)state;
	h.version_min = h.version_max = RS_WIRE_VERSION;
	assert_int_equal(rs_wire_version_common(&h), RS_WIRE_VERSION);
	h.version_max = 255;
	assert_int_equal(rs_wire_version_common(&h), RS_WIRE_VERSION);
	h.version_min = RS_WIRE_VERSION + 1;
	assert_int_equal(rs_wire_version_common(&h), 0);
	h.version_min = 0;
	h.version_max = RS_WIRE_VERSION - 1;
	assert_int_equal(rs_wire_version_common(&h), 0);
}

static void test_names(void **state)
{
	char name[66];

	(void)state;
	assert_false(rs_wire_name_ok("", 0));
	assert_true(rs_wire_name_ok("a", 1));
	assert_true(rs_wire_name_ok("A-z.0_9", 7));
	assert_false(rs_wire_name_ok("a b", 3));
	assert_false(rs_wire_name_ok("a\0b", 3));
	memset(name, 'n', sizeof(name));
	assert_true(rs_wire_name_ok(name, 64));
	assert_false(rs_wire_name_ok(name, 65));
}

static void test_checksum(void **state)
{
	u8 buf[RS_WIRE_HDR];
	u32 sum;

	(void)state;
	/* The check value of CRC-32C. */
	assert_int_equal(~rs_crc32c(~0U, "123456789", 9), 0xe3069283);

	begin_put(2, 50);
	rs_wire_hdr_encode(buf, &f.h);
	rs_wire_checksum_set(buf, rs_wire_checksum(buf, f.payload, f.h.length));
	assert_true(rs_wire_checksum_ok(buf, f.payload, f.h.length));

	/* In pieces; what the field held before does not matter. */
	sum = rs_wire_checksum_start(buf);
	sum = rs_crc32c(sum, f.payload, 16);
	sum = rs_crc32c(sum, f.payload + 16, f.h.length - 16);
	assert_int_equal(~sum, rs_wire_checksum(buf, f.payload, f.h.length));

	for (int bit = 0; bit < 8 * RS_WIRE_HDR; bit++) {
		buf[bit / 8] ^= 1 << bit % 8;
		assert_false(rs_wire_checksum_ok(buf, f.payload, f.h.length));
		buf[bit / 8] ^= 1 << bit % 8;
	}
	for (u32 bit = 0; bit < 8 * f.h.length; bit++) {
		f.payload[bit / 8] ^= 1 << bit % 8;
		assert_false(rs_wire_checksum_ok(buf, f.payload, f.h.length));
		f.payload[bit / 8] ^= 1 << bit % 8;
	}
	assert_false(rs_wire_checksum_ok(buf, f.payload, f.h.length - 1));
}

static void test_text(void **state)
{
	char text[RS_WIRE_MAX_TEXT + 1];
	u8 raw[200];

	(void)state;
	rs_wire_text_decode((const u8 *)"full\n\x1b[31m\xff", 11, text);
	assert_string_equal(text, "full??[31m?");
	rs_wire_text_decode((const u8 *)"a\0b", 3, text);
	assert_string_equal(text, "a");
	rs_wire_text_decode((const u8 *)"", 0, text);
	assert_string_equal(text, "");
	memset(raw, 'x', sizeof(raw));
	rs_wire_text_decode(raw, sizeof(raw), text);
	assert_int_equal(strlen(text), RS_WIRE_MAX_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_layout),
		cmocka_unit_test(test_magic_version_type),
		cmocka_unit_test(test_bounds_by_type),
		cmocka_unit_test(test_unused_fields),
		cmocka_unit_test(test_flush_scopes),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_lengths),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_get_reply),
		cmocka_unit_test(test_put_reply),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_hello_refused),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
