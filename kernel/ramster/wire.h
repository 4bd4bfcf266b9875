/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wire.h - frames between nodes, as bytes and as structs
 *
 * Pure: the kernel, the unit tests and the fuzzers compile the same wire.c.
 * docs/PROTOCOL.md describes the format; this is its only encoder and decoder.
 *
 * Version history:
 * 1	first
 */
#ifndef _RAMSTER_WIRE_H
#define _RAMSTER_WIRE_H

#ifdef __KERNEL__
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>
#define rs_crc32c(seed, p, len)	crc32c(seed, p, len)
#else
#include "wire_user.h"
#endif

#define RS_WIRE_MAGIC		0x524d5354	/* "TSMR" on the wire, little-endian */
#define RS_WIRE_VERSION		1
#define RS_WIRE_HDR		32	/* bytes of a header */
#define RS_WIRE_MAX_RECORDS	64	/* PUT, GET and their replies */
#define RS_WIRE_MAX_FLUSH	512	/* records in a FLUSH */
#define RS_WIRE_REC		8	/* bytes of a record */
#define RS_WIRE_SEAL		24	/* bytes that a zpage is longer when its owner sealed it */
#define RS_WIRE_MAX_ZPAGE	(4096 + RS_WIRE_SEAL)
#define RS_WIRE_MAX_DATA	(128 * 1024)	/* zpage bytes in a frame */
#define RS_WIRE_MAX_PAYLOAD	(RS_WIRE_MAX_RECORDS * RS_WIRE_REC + RS_WIRE_MAX_DATA)
#define RS_WIRE_TAG		16	/* bytes behind the payload of an authenticated frame */
#define RS_WIRE_MAX_FRAME	(RS_WIRE_HDR + RS_WIRE_MAX_PAYLOAD + RS_WIRE_TAG)
#define RS_WIRE_MAX_TEXT	120	/* bytes of an ERROR's text */
#define RS_WIRE_HELLO		168	/* bytes of a HELLO's payload */
#define RS_WIRE_UNPROVEN	136	/* of these come before its proof */
#define RS_WIRE_NONCE		32
#define RS_WIRE_KEY_ID		8
#define RS_WIRE_PROOF		32
#define RS_WIRE_PUT_REPLY	8	/* bytes of a PUT_REPLY's payload */
#define RS_WIRE_NAME_MAX	64
#define RS_WIRE_NODE_MAX	1023
#define RS_WIRE_FEATURES	0	/* the feature bits that this version knows */

enum rs_wire_type {
	RS_HELLO = 1,
	RS_HELLO_REPLY,
	RS_PUT,
	RS_PUT_REPLY,
	RS_GET,
	RS_GET_REPLY,
	RS_FLUSH,
	RS_FLUSH_REPLY,
	RS_PING,
	RS_PONG,
	RS_RECALL,	/* donor to owner: take @count MiB back */
	RS_ERROR,	/* then the sender closes */
	RS_PROVE,	/* owner to donor: the first frame with the session's protection */
	RS_WELCOME,	/* its answer: from here on there are requests */
	__RS_WIRE_TYPES,
};

/* What a frame of flushes asks for (header flags). */
enum rs_flush_scope {
	RS_FLUSH_PAGES,		/* the records */
	RS_FLUSH_POOL,		/* the whole pool; no records */
	RS_FLUSH_ALL,		/* all pools of this owner; no records */
};

/**
 * struct rs_wire_hdr - the head of each frame
 * @type:    enum rs_wire_type
 * @flags:   by type: the scope of a FLUSH
 * @req_id:  chosen by the client; a reply carries it back
 * @pool:    the owner's device id
 * @count:   records; for RECALL MiB
 * @status:  in a reply: 0 or a positive errno of the small set in PROTOCOL.md
 * @length:  payload bytes
 * @room:    from a donor: pages it would still take of this owner; zero in ERROR and
 *	     in what an owner sends
 * @checksum: crc32c of the header (this field zero) and the payload; zero in an
 *	     authenticated frame, which has a tag behind its payload (auth.h)
 */
struct rs_wire_hdr {
	u8 type;
	u16 flags;
	u32 req_id;
	u32 pool;
	u16 count;
	u16 status;
	u32 length;
	u32 room;
	u32 checksum;
};

/* PUT, then the zpages one after the other. */
struct rs_wire_rec {
	u32 slot;
	u16 version;
	u16 len;	/* 1 to RS_WIRE_MAX_ZPAGE; in 13 bits */
	u8 comp;	/* in 2 bits */
};

/* GET. */
struct rs_wire_get {
	u32 slot;
	u16 version;
	u16 tag;	/* the client's; a reply carries it back */
};

/*
 * GET_REPLY, then the zpages one after the other. More than one may answer a GET (its
 * zpages may be more than RS_WIRE_MAX_DATA): between them each tag comes once.
 */
struct rs_wire_got {
	u16 tag;
	u16 version;
	u16 len;	/* 0: not held */
};

/* FLUSH: forget this slot up to and with this version. */
struct rs_wire_flush {
	u32 slot;
	u16 version;
};

/* PUT_REPLY: a bit a record, set if stored. */
struct rs_wire_put_reply {
	u64 stored;
};

struct rs_wire_hello {
	u16 from;		/* node number of the sender */
	u16 to;			/* and of the one meant */
	u8 lane;		/* enum rs_lane_kind */
	u8 version_min;
	u8 version_max;
	u32 features;
	u8 incarnation[16];
	char cluster[65];	/* zero-terminated */
	u8 auth;		/* enum rs_wire_auth */
	u8 nonce[RS_WIRE_NONCE];
	u8 key_id[RS_WIRE_KEY_ID];	/* without a key, this and @proof are zero */
	u8 proof[RS_WIRE_PROOF];
};

/* How nodes prove who they are, and how the frames after HELLO are protected. */
enum rs_wire_auth {
	RS_AUTH_NONE,		/* not at all; CRC-32C against accidents */
	RS_AUTH_KEY,		/* HMAC-SHA256 with the cluster key; Poly1305 with session keys */
	__RS_AUTHS,
};

enum rs_lane_kind {
	RS_LANE_BULK,		/* PUT, FLUSH, PING, RECALL */
	RS_LANE_FETCH,		/* GET, PING */
	__RS_LANES,
};

/*
 * All functions below are pure: any context, no allocation, no lock. A receiver
 * reads RS_WIRE_HDR bytes, rs_wire_hdr_decode(), reads @length bytes more,
 * rs_wire_checksum_ok(), rs_wire_check(), and may then loop over the records
 * and the data behind them without another check.
 */

/* True for a name of a cluster or a node: 1 to 64 of [A-Za-z0-9_.-], @len without the zero. */
bool rs_wire_name_ok(const char *name, size_t len);

void rs_wire_hdr_encode(u8 *buf, const struct rs_wire_hdr *h);
int rs_wire_hdr_decode(const u8 *buf, struct rs_wire_hdr *h);
int rs_wire_check(const struct rs_wire_hdr *h, const u8 *payload);

/* The parts of rs_wire_check() by type, for who knows the type; h->type is not looked at. */
int rs_wire_put_check(const struct rs_wire_hdr *h, const u8 *payload);
int rs_wire_get_reply_check(const struct rs_wire_hdr *h, const u8 *payload);
int rs_wire_flush_check(const struct rs_wire_hdr *h, const u8 *payload);

/*
 * The checksum of an encoded header and its payload. For a payload in pieces:
 * sum = rs_wire_checksum_start(hdr), sum = rs_crc32c(sum, piece, len)..., ~sum.
 */
u32 rs_wire_checksum_start(const u8 *hdr);
u32 rs_wire_checksum(const u8 *hdr, const void *payload, size_t len);
/* Puts @sum in an encoded header. */
void rs_wire_checksum_set(u8 *hdr, u32 sum);
bool rs_wire_checksum_ok(const u8 *hdr, const void *payload, size_t len);

/* Records, RS_WIRE_REC bytes each. Values out of range are cut; the checks are the receiver's. */
void rs_wire_rec_encode(u8 *p, const struct rs_wire_rec *r);
void rs_wire_rec_decode(const u8 *p, struct rs_wire_rec *r);
void rs_wire_get_encode(u8 *p, const struct rs_wire_get *g);
void rs_wire_get_decode(const u8 *p, struct rs_wire_get *g);
void rs_wire_got_encode(u8 *p, const struct rs_wire_got *g);
void rs_wire_got_decode(const u8 *p, struct rs_wire_got *g);
void rs_wire_flush_encode(u8 *p, const struct rs_wire_flush *f);
void rs_wire_flush_decode(const u8 *p, struct rs_wire_flush *f);

/* RS_WIRE_PUT_REPLY bytes; @count is the header's. -EBADMSG: bits beyond it. */
void rs_wire_put_reply_encode(u8 *p, const struct rs_wire_put_reply *r);
int rs_wire_put_reply_decode(const u8 *p, u16 count, struct rs_wire_put_reply *r);

/* RS_WIRE_HELLO bytes, for HELLO and HELLO_REPLY. */
void rs_wire_hello_encode(u8 *p, const struct rs_wire_hello *h);
int rs_wire_hello_decode(const u8 *p, struct rs_wire_hello *h);
/* The highest version that both sides speak; 0: none. */
u8 rs_wire_version_common(const struct rs_wire_hello *h);

/* An ERROR's text, made fit for a log: printable, zero-terminated. */
void rs_wire_text_decode(const u8 *p, size_t len, char text[RS_WIRE_MAX_TEXT + 1]);

#endif
