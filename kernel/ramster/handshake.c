// SPDX-License-Identifier: GPL-2.0
/*
 * handshake.c - HELLO and its reply
 *
 * The client says who it is and whom it means; the server answers with its own
 * incarnation and room, or with an ERROR that says why not.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/string.h>

#include "handshake.h"

static void fill_hello(struct rs_wire_hello *hello, u16 to, enum rs_lane_kind kind)
{
	*hello = (struct rs_wire_hello) {
		.from = rs_local_num(),
		.to = to,
		.lane = kind,
		.version_min = RS_WIRE_VERSION,
		.version_max = RS_WIRE_VERSION,
	};
	memcpy(hello->incarnation, rs_incarnation, sizeof(hello->incarnation));
	strscpy(hello->cluster, rs_cluster_name(), sizeof(hello->cluster));
}

static int send_hello(struct rs_lane *lane, struct rs_wire_hdr *hdr, u16 to,
		      enum rs_lane_kind kind)
{
	struct rs_wire_hello hello;
	u8 wire[RS_WIRE_HELLO];
	struct kvec vec = { wire, sizeof(wire) };
	int err;

	fill_hello(&hello, to, kind);
	rs_wire_hello_encode(wire, &hello);
	mutex_lock(&lane->tx_lock);
	err = rs_lane_send(lane, hdr, &vec, 1);
	mutex_unlock(&lane->tx_lock);
	return err;
}

/**
 * rs_handshake_client - introduce ourselves to a donor
 * @lane: connected, not started
 * @kind: what it is for
 * @to:   who should be there
 * @hs:   what was found out
 *
 * Context: process, sleeps up to the lane's timeout.
 * Return: 0 or an errno; the log says what is wrong with an answer.
 */
int rs_handshake_client(struct rs_lane *lane, enum rs_lane_kind kind,
			const struct rs_node_info *to, struct rs_handshake *hs)
{
	struct rs_wire_hdr hdr = { .type = RS_HELLO };
	char text[RS_WIRE_MAX_TEXT + 1];
	struct rs_wire_hello hello;
	const u8 *payload;
	int err;

	err = send_hello(lane, &hdr, to->num, kind);
	if (err)
		return err;
	err = rs_lane_receive(lane, &hdr, &payload, RS_HANDSHAKE_MS);
	if (err)
		return err;
	if (hdr.type == RS_ERROR) {
		rs_wire_text_decode(payload, hdr.length, text);
		pr_warn_ratelimited("node %s (%u) refuses us: %s\n", to->name, to->num, text);
		return -ECONNREFUSED;
	}
	if (hdr.type != RS_HELLO_REPLY || rs_wire_hello_decode(payload, &hello) ||
	    hello.to != rs_local_num() || !rs_wire_version_common(&hello))
		return -EPROTO;
	if (hello.from != to->num || hello.lane != kind ||
	    strcmp(hello.cluster, rs_cluster_name())) {
		pr_warn_ratelimited("at the address of node %s (%u) answers node %u of cluster %s: check the addresses\n",
				    to->name, to->num, hello.from, hello.cluster);
		return -EREMCHG;
	}
	hs->from = hello.from;
	hs->kind = kind;
	hs->room = hdr.room;
	memcpy(hs->incarnation, hello.incarnation, sizeof(hs->incarnation));
	return 0;
}

/**
 * rs_handshake_server - judge an owner's HELLO
 * @lane:    it came on this
 * @hdr:     of the first frame, whatever it is
 * @payload: of the first frame
 * @hs:      what was found out
 * @why:     set on an error: a line for its log and ours
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int rs_handshake_server(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload,
			struct rs_handshake *hs, const char **why)
{
	struct rs_node_info node;
	struct rs_wire_hello hello;

	*why = "the first frame must be a HELLO";
	if (hdr->type != RS_HELLO || rs_wire_hello_decode(payload, &hello))
		return -EPROTO;
	*why = "no common protocol version";
	if (!rs_wire_version_common(&hello))
		return -EPROTONOSUPPORT;
	*why = "this is another cluster";
	if (strcmp(hello.cluster, rs_cluster_name()))
		return -EREMCHG;
	*why = "this is not the node with that number";
	if (hello.to != rs_local_num())
		return -EREMCHG;
	*why = "no node with your number is known here: add it";
	if (!rs_node_find(hello.from, &node) || node.local)
		return -ENOENT;
	hs->from = hello.from;
	hs->kind = hello.lane;
	memcpy(hs->incarnation, hello.incarnation, sizeof(hs->incarnation));
	return 0;
}

/* Welcomes the owner that rs_handshake_server() found good. Process context, sleeps. */
int rs_handshake_reply(struct rs_lane *lane, const struct rs_handshake *hs, u32 room)
{
	struct rs_wire_hdr hdr = { .type = RS_HELLO_REPLY, .room = room };

	return send_hello(lane, &hdr, hs->from, hs->kind);
}
