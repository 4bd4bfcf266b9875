// SPDX-License-Identifier: GPL-2.0
/*
 * wire.c - frames between nodes: the only encoder and decoder
 *
 * Header, little-endian:
 *
 *	 0 magic u32	 4 version u8	 5 type u8	 6 flags u16
 *	 8 req_id u32	12 pool u32	16 count u16	18 status u16
 *	20 length u32	24 room u32	28 checksum u32
 *
 * What is accepted is canonical: encoding it again gives the same bytes. So a
 * bit that this version does not know is never taken for something else.
 */
#ifdef __KERNEL__
#include <linux/kernel.h>
#endif

#include "wire.h"

#define VERSION_AT	4
#define TYPE_AT		5
#define FLAGS_AT	6
#define REQ_ID_AT	8
#define POOL_AT		12
#define COUNT_AT	16
#define STATUS_AT	18
#define LENGTH_AT	20
#define ROOM_AT		24
#define CHECKSUM_AT	28

#define STATUS_MAX	4095
#define LEN_BITS	13
#define LEN_MASK	((1 << LEN_BITS) - 1)
#define COMP_MASK	3
#define REC_UNUSED	0x8000

/* Header fields that a type uses; the others must be zero. */
enum {
	USES_POOL	= 1,
	USES_STATUS	= 2,
	USES_ROOM	= 4,
};

/* The bounds of a type: @count records of @rec bytes each, then a tail. */
struct frame_rule {
	u16 count_min;
	u16 count_max;
	u8 rec;
	u8 uses;
	u32 tail_min;
	u32 tail_max;
};

#define REPLY (USES_POOL | USES_STATUS | USES_ROOM)

static const struct frame_rule frame_rules[__RS_WIRE_TYPES] = {
	[RS_HELLO]	 = { .tail_min = RS_WIRE_HELLO, .tail_max = RS_WIRE_HELLO },
	[RS_HELLO_REPLY] = { .tail_min = RS_WIRE_HELLO, .tail_max = RS_WIRE_HELLO },
	[RS_PUT]	 = { 1, RS_WIRE_MAX_RECORDS, RS_WIRE_REC, USES_POOL, 1, RS_WIRE_MAX_DATA },
	[RS_PUT_REPLY]	 = { 1, RS_WIRE_MAX_RECORDS, 0, REPLY, RS_WIRE_PUT_REPLY,
			     RS_WIRE_PUT_REPLY },
	[RS_GET]	 = { 1, RS_WIRE_MAX_RECORDS, RS_WIRE_REC, USES_POOL, 0, 0 },
	[RS_GET_REPLY]	 = { 1, RS_WIRE_MAX_RECORDS, RS_WIRE_REC, REPLY, 0, RS_WIRE_MAX_DATA },
	[RS_FLUSH]	 = { 0, RS_WIRE_MAX_FLUSH, RS_WIRE_REC, USES_POOL, 0, 0 },
	[RS_FLUSH_REPLY] = { 0, RS_WIRE_MAX_FLUSH, 0, REPLY, 0, 0 },
	[RS_PING]	 = { },
	[RS_PONG]	 = { .uses = USES_ROOM },
	[RS_RECALL]	 = { .count_min = 1, .count_max = 0xffff, .uses = USES_ROOM },
	[RS_ERROR]	 = { .uses = USES_STATUS, .tail_max = RS_WIRE_MAX_TEXT },
	[RS_PROVE]	 = { },
	[RS_WELCOME]	 = { .uses = USES_ROOM },
};

bool rs_wire_name_ok(const char *name, size_t len)
{
	size_t i;

	if (!len || len > RS_WIRE_NAME_MAX)
		return false;
	for (i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-'))
			return false;
	}
	return true;
}

/**
 * rs_wire_hdr_encode - write a header
 * @buf: RS_WIRE_HDR bytes
 * @h:   what to write; @h->checksum as it is (see rs_wire_checksum_set())
 */
void rs_wire_hdr_encode(u8 *buf, const struct rs_wire_hdr *h)
{
	put_unaligned_le32(RS_WIRE_MAGIC, buf);
	buf[VERSION_AT] = RS_WIRE_VERSION;
	buf[TYPE_AT] = h->type;
	put_unaligned_le16(h->flags, buf + FLAGS_AT);
	put_unaligned_le32(h->req_id, buf + REQ_ID_AT);
	put_unaligned_le32(h->pool, buf + POOL_AT);
	put_unaligned_le16(h->count, buf + COUNT_AT);
	put_unaligned_le16(h->status, buf + STATUS_AT);
	put_unaligned_le32(h->length, buf + LENGTH_AT);
	put_unaligned_le32(h->room, buf + ROOM_AT);
	put_unaligned_le32(h->checksum, buf + CHECKSUM_AT);
}

/* Only a FLUSH has flags: its scope, which says what else it must hold. */
static int flags_check(const struct rs_wire_hdr *h)
{
	if (h->type != RS_FLUSH)
		return h->flags ? -EBADMSG : 0;
	switch (h->flags) {
	case RS_FLUSH_PAGES:
		return h->count ? 0 : -EBADMSG;
	case RS_FLUSH_POOL:
		return h->count ? -EBADMSG : 0;
	case RS_FLUSH_ALL:
		return h->count || h->pool ? -EBADMSG : 0;
	default:
		return -EBADMSG;
	}
}

static int fields_check(const struct rs_wire_hdr *h, const struct frame_rule *rule)
{
	if (h->count < rule->count_min || h->count > rule->count_max)
		return -EBADMSG;
	if (h->pool && !(rule->uses & USES_POOL))
		return -EBADMSG;
	if (h->status && !(rule->uses & USES_STATUS))
		return -EBADMSG;
	if (h->status > STATUS_MAX || (h->type == RS_ERROR && !h->status))
		return -EBADMSG;
	if (h->room && !(rule->uses & USES_ROOM))
		return -EBADMSG;
	return flags_check(h);
}

static int length_check(const struct rs_wire_hdr *h, const struct frame_rule *rule)
{
	u32 records = (u32)h->count * rule->rec;

	if (h->length > (u32)rule->count_max * rule->rec + rule->tail_max)
		return -EMSGSIZE;
	if (h->length < records || h->length - records < rule->tail_min ||
	    h->length - records > rule->tail_max)
		return -EBADMSG;
	return 0;
}

/**
 * rs_wire_hdr_decode - read and judge a header
 * @buf: RS_WIRE_HDR bytes from a peer
 * @h:   what they say; undefined on an error
 *
 * On 0 the type is known, the count within the type's bounds, the length at most
 * what the type allows (never over RS_WIRE_MAX_PAYLOAD) and at least what @count
 * records need, and each field that the type does not use is zero. The checksum
 * is not looked at.
 *
 * Return: 0; -EPROTONOSUPPORT: another version; -EMSGSIZE: longer than the type
 * allows; -EBADMSG: anything else.
 */
int rs_wire_hdr_decode(const u8 *buf, struct rs_wire_hdr *h)
{
	const struct frame_rule *rule;
	int err;

	if (get_unaligned_le32(buf) != RS_WIRE_MAGIC)
		return -EBADMSG;
	if (buf[VERSION_AT] != RS_WIRE_VERSION)
		return -EPROTONOSUPPORT;

	h->type = buf[TYPE_AT];
	h->flags = get_unaligned_le16(buf + FLAGS_AT);
	h->req_id = get_unaligned_le32(buf + REQ_ID_AT);
	h->pool = get_unaligned_le32(buf + POOL_AT);
	h->count = get_unaligned_le16(buf + COUNT_AT);
	h->status = get_unaligned_le16(buf + STATUS_AT);
	h->length = get_unaligned_le32(buf + LENGTH_AT);
	h->room = get_unaligned_le32(buf + ROOM_AT);
	h->checksum = get_unaligned_le32(buf + CHECKSUM_AT);

	if (h->type < RS_HELLO || h->type >= __RS_WIRE_TYPES)
		return -EBADMSG;
	rule = &frame_rules[h->type];
	err = length_check(h, rule);
	if (err)
		return err;
	return fields_check(h, rule);
}

/**
 * rs_wire_put_check - judge the records of a PUT
 * @h:       its header, from rs_wire_hdr_decode()
 * @payload: its payload; only the first @h->count * RS_WIRE_REC bytes are read
 *
 * Return: 0 if each zpage is 1 to RS_WIRE_MAX_ZPAGE bytes and all of them
 * together are just what follows the records, else -EBADMSG.
 */
int rs_wire_put_check(const struct rs_wire_hdr *h, const u8 *payload)
{
	u32 left = h->length - (u32)h->count * RS_WIRE_REC;
	struct rs_wire_rec rec;
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		const u8 *p = payload + i * RS_WIRE_REC;

		rs_wire_rec_decode(p, &rec);
		if (get_unaligned_le16(p + 6) & REC_UNUSED)
			return -EBADMSG;
		if (!rec.len || rec.len > RS_WIRE_MAX_ZPAGE || rec.len > left)
			return -EBADMSG;
		left -= rec.len;
	}
	return left ? -EBADMSG : 0;
}

/**
 * rs_wire_get_reply_check - judge the records of a GET_REPLY
 * @h:       its header, from rs_wire_hdr_decode()
 * @payload: its payload; only the first @h->count * RS_WIRE_REC bytes are read
 *
 * That the tags are of the request, each at most once, is for the receiver to see.
 *
 * Return: 0 if each zpage is 0 (not held) to RS_WIRE_MAX_ZPAGE bytes and all of
 * them together are just what follows the records, else -EBADMSG.
 */
int rs_wire_get_reply_check(const struct rs_wire_hdr *h, const u8 *payload)
{
	u32 left = h->length - (u32)h->count * RS_WIRE_REC;
	struct rs_wire_got got;
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		const u8 *p = payload + i * RS_WIRE_REC;

		rs_wire_got_decode(p, &got);
		if (get_unaligned_le16(p + 6))
			return -EBADMSG;
		if (got.len > RS_WIRE_MAX_ZPAGE || got.len > left)
			return -EBADMSG;
		left -= got.len;
	}
	return left ? -EBADMSG : 0;
}

/**
 * rs_wire_flush_check - judge the records of a FLUSH
 * @h:       its header, from rs_wire_hdr_decode()
 * @payload: @h->count * RS_WIRE_REC bytes
 *
 * Return: 0, or -EBADMSG if an unused byte is not zero.
 */
int rs_wire_flush_check(const struct rs_wire_hdr *h, const u8 *payload)
{
	unsigned int i;

	for (i = 0; i < h->count; i++)
		if (get_unaligned_le16(payload + i * RS_WIRE_REC + 6))
			return -EBADMSG;
	return 0;
}

/**
 * rs_wire_check - judge the payload of a frame of any type
 * @h:       its header, from rs_wire_hdr_decode()
 * @payload: @h->length bytes
 *
 * Return: 0, or -EBADMSG.
 */
int rs_wire_check(const struct rs_wire_hdr *h, const u8 *payload)
{
	struct rs_wire_put_reply reply;
	struct rs_wire_hello hello;

	switch (h->type) {
	case RS_HELLO:
	case RS_HELLO_REPLY:
		return rs_wire_hello_decode(payload, &hello);
	case RS_PUT:
		return rs_wire_put_check(h, payload);
	case RS_PUT_REPLY:
		return rs_wire_put_reply_decode(payload, h->count, &reply);
	case RS_GET_REPLY:
		return rs_wire_get_reply_check(h, payload);
	case RS_FLUSH:
		return rs_wire_flush_check(h, payload);
	default:
		return 0;
	}
}

u32 rs_wire_checksum_start(const u8 *hdr)
{
	static const u8 zero[RS_WIRE_HDR - CHECKSUM_AT];

	return rs_crc32c(rs_crc32c(~(u32)0, hdr, CHECKSUM_AT), zero, sizeof(zero));
}

u32 rs_wire_checksum(const u8 *hdr, const void *payload, size_t len)
{
	return ~rs_crc32c(rs_wire_checksum_start(hdr), payload, len);
}

void rs_wire_checksum_set(u8 *hdr, u32 sum)
{
	put_unaligned_le32(sum, hdr + CHECKSUM_AT);
}

bool rs_wire_checksum_ok(const u8 *hdr, const void *payload, size_t len)
{
	return rs_wire_checksum(hdr, payload, len) == get_unaligned_le32(hdr + CHECKSUM_AT);
}

/* PUT: slot u32, version u16, length in bits 0-12 and compressor in bits 13-14 of a u16. */
void rs_wire_rec_encode(u8 *p, const struct rs_wire_rec *r)
{
	put_unaligned_le32(r->slot, p);
	put_unaligned_le16(r->version, p + 4);
	put_unaligned_le16((r->len & LEN_MASK) | (r->comp & COMP_MASK) << LEN_BITS, p + 6);
}

void rs_wire_rec_decode(const u8 *p, struct rs_wire_rec *r)
{
	u16 bits = get_unaligned_le16(p + 6);

	r->slot = get_unaligned_le32(p);
	r->version = get_unaligned_le16(p + 4);
	r->len = bits & LEN_MASK;
	r->comp = (bits >> LEN_BITS) & COMP_MASK;
}

/* GET: slot u32, version u16, tag u16. */
void rs_wire_get_encode(u8 *p, const struct rs_wire_get *g)
{
	put_unaligned_le32(g->slot, p);
	put_unaligned_le16(g->version, p + 4);
	put_unaligned_le16(g->tag, p + 6);
}

void rs_wire_get_decode(const u8 *p, struct rs_wire_get *g)
{
	g->slot = get_unaligned_le32(p);
	g->version = get_unaligned_le16(p + 4);
	g->tag = get_unaligned_le16(p + 6);
}

/* GET_REPLY: tag u16, version u16, length u16, zero u16. */
void rs_wire_got_encode(u8 *p, const struct rs_wire_got *g)
{
	put_unaligned_le16(g->tag, p);
	put_unaligned_le16(g->version, p + 2);
	put_unaligned_le16(g->len, p + 4);
	put_unaligned_le16(0, p + 6);
}

void rs_wire_got_decode(const u8 *p, struct rs_wire_got *g)
{
	g->tag = get_unaligned_le16(p);
	g->version = get_unaligned_le16(p + 2);
	g->len = get_unaligned_le16(p + 4);
}

/* FLUSH: slot u32, version u16, zero u16. */
void rs_wire_flush_encode(u8 *p, const struct rs_wire_flush *f)
{
	put_unaligned_le32(f->slot, p);
	put_unaligned_le16(f->version, p + 4);
	put_unaligned_le16(0, p + 6);
}

void rs_wire_flush_decode(const u8 *p, struct rs_wire_flush *f)
{
	f->slot = get_unaligned_le32(p);
	f->version = get_unaligned_le16(p + 4);
}

void rs_wire_put_reply_encode(u8 *p, const struct rs_wire_put_reply *r)
{
	put_unaligned_le64(r->stored, p);
}

int rs_wire_put_reply_decode(const u8 *p, u16 count, struct rs_wire_put_reply *r)
{
	r->stored = get_unaligned_le64(p);
	return count < 64 && r->stored >> count ? -EBADMSG : 0;
}

/*
 * HELLO:
 *
 *	 0 from u16	 2 to u16	 4 lane u8	 5 version_min u8
 *	 6 version_max u8		 7 auth u8	 8 features u32
 *	12 incarnation 16 bytes		28 cluster 68 bytes, padded with zeros
 *	96 nonce 32 bytes		128 key id 8 bytes
 *	136 proof 32 bytes
 */
#define AUTH_AT		7
#define INCARNATION_AT	12
#define CLUSTER_AT	28
#define NONCE_AT	96
#define KEY_ID_AT	128
#define PROOF_AT	RS_WIRE_UNPROVEN

void rs_wire_hello_encode(u8 *p, const struct rs_wire_hello *h)
{
	put_unaligned_le16(h->from, p);
	put_unaligned_le16(h->to, p + 2);
	p[4] = h->lane;
	p[5] = h->version_min;
	p[6] = h->version_max;
	p[AUTH_AT] = h->auth;
	put_unaligned_le32(h->features, p + 8);
	memcpy(p + INCARNATION_AT, h->incarnation, sizeof(h->incarnation));
	memset(p + CLUSTER_AT, 0, NONCE_AT - CLUSTER_AT);
	memcpy(p + CLUSTER_AT, h->cluster, strnlen(h->cluster, RS_WIRE_NAME_MAX));
	memcpy(p + NONCE_AT, h->nonce, sizeof(h->nonce));
	memcpy(p + KEY_ID_AT, h->key_id, sizeof(h->key_id));
	memcpy(p + PROOF_AT, h->proof, sizeof(h->proof));
}

static bool all_zero(const u8 *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

/**
 * rs_wire_hello_decode - read and judge the payload of a HELLO or HELLO_REPLY
 * @p: RS_WIRE_HELLO bytes
 * @h: what they say; undefined on an error. Features may hold unknown bits: a
 *     HELLO offers, and who answers takes those that it knows.
 *
 * Return: 0 if the node numbers, the lane and the kind of authentication exist, the
 * versions are a range, the cluster's name is one and what follows it is zero, and
 * nothing is proven without a key; else -EBADMSG. The proof is not looked at.
 */
int rs_wire_hello_decode(const u8 *p, struct rs_wire_hello *h)
{
	size_t len;

	h->from = get_unaligned_le16(p);
	h->to = get_unaligned_le16(p + 2);
	h->lane = p[4];
	h->version_min = p[5];
	h->version_max = p[6];
	h->features = get_unaligned_le32(p + 8);
	memcpy(h->incarnation, p + INCARNATION_AT, sizeof(h->incarnation));
	memcpy(h->cluster, p + CLUSTER_AT, RS_WIRE_NAME_MAX);
	h->cluster[RS_WIRE_NAME_MAX] = 0;
	h->auth = p[AUTH_AT];
	memcpy(h->nonce, p + NONCE_AT, sizeof(h->nonce));
	memcpy(h->key_id, p + KEY_ID_AT, sizeof(h->key_id));
	memcpy(h->proof, p + PROOF_AT, sizeof(h->proof));

	if (h->from > RS_WIRE_NODE_MAX || h->to > RS_WIRE_NODE_MAX || h->lane >= __RS_LANES)
		return -EBADMSG;
	if (!h->version_min || h->version_min > h->version_max || h->auth >= __RS_AUTHS)
		return -EBADMSG;
	if (h->auth == RS_AUTH_NONE && !all_zero(p + KEY_ID_AT, RS_WIRE_HELLO - KEY_ID_AT))
		return -EBADMSG;
	len = strnlen(h->cluster, RS_WIRE_NAME_MAX);
	if (!rs_wire_name_ok(h->cluster, len))
		return -EBADMSG;
	return all_zero(p + CLUSTER_AT + len, NONCE_AT - CLUSTER_AT - len) ? 0 : -EBADMSG;
}

u8 rs_wire_version_common(const struct rs_wire_hello *h)
{
	return h->version_min <= RS_WIRE_VERSION && h->version_max >= RS_WIRE_VERSION ?
	       RS_WIRE_VERSION : 0;
}

void rs_wire_text_decode(const u8 *p, size_t len, char text[RS_WIRE_MAX_TEXT + 1])
{
	size_t i;

	if (len > RS_WIRE_MAX_TEXT)
		len = RS_WIRE_MAX_TEXT;
	for (i = 0; i < len && p[i]; i++)
		text[i] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
	text[i] = 0;
}
