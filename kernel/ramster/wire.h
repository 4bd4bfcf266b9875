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
#include <linux/types.h>
#include <linux/errno.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#define RS_WIRE_MAGIC		0x524d5354	/* "TSMR" on the wire, little-endian */
#define RS_WIRE_VERSION		1
#define RS_WIRE_HDR		32	/* bytes of a header */
#define RS_WIRE_MAX_RECORDS	64	/* PUT, GET and their replies */
#define RS_WIRE_MAX_FLUSH	512	/* records in a FLUSH */
#define RS_WIRE_REC		8	/* bytes of a record */
#define RS_WIRE_MAX_ZPAGE	4096
#define RS_WIRE_MAX_DATA	(128 * 1024)	/* zpage bytes in a frame */
#define RS_WIRE_MAX_PAYLOAD	(RS_WIRE_MAX_RECORDS * RS_WIRE_REC + RS_WIRE_MAX_DATA)
#define RS_WIRE_MAX_FRAME	(RS_WIRE_HDR + RS_WIRE_MAX_PAYLOAD)
#define RS_WIRE_MAX_TEXT	120

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
	RS_ROOM,	/* donor to owner: room changed; nothing but the header */
	RS_RECALL,	/* donor to owner: take @count MiB back */
	RS_ERROR,	/* then the sender closes */
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
 * @room:    from a donor: pages it would still take of this owner
 * @checksum: crc32c of the header (this field zero) and the payload
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

/* PUT: slot, version, len, comp. GET: slot, version, tag. GET_REPLY: see rs_wire_got. */
struct rs_wire_rec {
	u32 slot;
	u16 version;
	u16 len;	/* 1 to 4096; in 13 bits */
	u8 comp;	/* in 2 bits */
};

struct rs_wire_get {
	u32 slot;
	u16 version;
	u16 tag;	/* the client's; a reply carries it back */
};

struct rs_wire_got {
	u16 tag;
	u16 version;
	u16 len;	/* 0: not held */
};

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
};

enum rs_lane_kind {
	RS_LANE_BULK,		/* PUT, FLUSH, PING, ROOM, RECALL */
	RS_LANE_FETCH,		/* GET, PING */
	__RS_LANES,
};

#endif
