// SPDX-License-Identifier: GPL-2.0
/*
 * handshake.c - finding out who is at the other end of a lane
 *
 * The rules are in hello.c. Here they meet the lane, the keys and the log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/string.h>

#include "donor.h"
#include "handshake.h"
#include "stats.h"

static struct rs_hello_self self(void)
{
	return (struct rs_hello_self) {
		.num = rs_local_num(),
		.incarnation = rs_incarnation,
		.cluster = rs_cluster_name(),
	};
}

static int send(struct rs_lane *lane, u8 type, u32 room, const u8 *payload)
{
	struct kvec vec = { (void *)payload, RS_WIRE_HELLO };
	struct rs_wire_hdr hdr = { .type = type, .room = room };
	int err;

	mutex_lock(&lane->tx_lock);
	err = rs_lane_send(lane, &hdr, &vec, payload ? 1 : 0);
	mutex_unlock(&lane->tx_lock);
	return err;
}

/* An ERROR of a donor's. Without a session nobody vouches for it; it is a hint for the log. */
static int refused(struct rs_handshake *hs, const struct rs_wire_hdr *hdr, const u8 *payload,
		   bool with_key)
{
	char text[RS_WIRE_MAX_TEXT + 1];

	if (hdr->status == EPERM) {
		snprintf(hs->why, sizeof(hs->why),
			 "it does not accept our %s: all nodes need the same key_file",
			 with_key ? "cluster key" : "HELLO without a key");
		return -EKEYREJECTED;
	}
	rs_wire_text_decode(payload, hdr->length, text);
	snprintf(hs->why, sizeof(hs->why), "it refuses us: %s", text);
	return -ECONNREFUSED;
}

static int expect(struct rs_lane *lane, struct rs_handshake *hs, u8 type, bool with_key,
		  struct rs_wire_hdr *hdr, const u8 **payload)
{
	int err = rs_lane_receive(lane, hdr, payload, RS_HANDSHAKE_MS);

	if (!err && hdr->type == RS_ERROR)
		return refused(hs, hdr, *payload, with_key);
	if (!err && hdr->type != type)
		err = -EPROTO;
	if (err == -EPROTO || err == -EPROTONOSUPPORT || err == -EMSGSIZE || err == -EBADMSG)
		snprintf(hs->why, sizeof(hs->why), "at %pISpc, something else answers",
			 &lane->other);
	return err;
}

static void begin_session(struct rs_lane *lane, struct rs_hello *hello, bool is_owner)
{
	struct rs_auth_stream to_donor, to_owner;

	if (!hello->key)
		return;
	rs_auth_session(hello->key, hello->hello, hello->reply, &to_donor, &to_owner);
	if (is_owner)
		rs_lane_guard(lane, &to_donor, &to_owner);
	else
		rs_lane_guard(lane, &to_owner, &to_donor);
	memzero_explicit(&to_donor, sizeof(to_donor));
	memzero_explicit(&to_owner, sizeof(to_owner));
}

static int introduce(struct rs_lane *lane, enum rs_lane_kind kind, const struct rs_node_info *to,
		     const struct rs_auth_key *key, struct rs_handshake *hs)
{
	struct rs_hello_self me = self();
	u8 nonce[RS_WIRE_NONCE];
	struct rs_hello hello;
	struct rs_wire_hdr hdr;
	const u8 *payload;
	const char *why;
	int err;

	get_random_bytes(nonce, sizeof(nonce));
	rs_hello_ask(&hello, &me, to->num, kind, key, nonce);
	err = send(lane, RS_HELLO, 0, hello.hello);
	if (!err)
		err = expect(lane, hs, RS_HELLO_REPLY, key, &hdr, &payload);
	if (err)
		return err;
	err = rs_hello_answered(&hello, &me, payload, &why);
	if (err) {
		if (err == -EKEYREJECTED)
			counter_inc(rs, hellos_unproven);
		snprintf(hs->why, sizeof(hs->why), "at %pISpc, %s", &to->addr, why);
		return err;
	}
	begin_session(lane, &hello, true);
	err = send(lane, RS_PROVE, 0, NULL);
	if (!err)
		err = expect(lane, hs, RS_WELCOME, key, &hdr, &payload);
	if (err)
		return err;
	hs->room = hdr.room;
	memcpy(hs->incarnation, hello.them.incarnation, sizeof(hs->incarnation));
	memcpy(hs->key_id, hello.them.key_id, sizeof(hs->key_id));
	return 0;
}

/**
 * rs_handshake_connect - connect a lane to a donor, and find out that it is the donor
 * @lane:       closed or new; rs_lane_close() is due, whatever the outcome
 * @kind:       what it is for
 * @from:       as for rs_lane_connect()
 * @to:         who should be there
 * @timeout_ms: how long connecting, and later a send, may take
 * @key_slot:   which of the cluster's keys is tried first; out: which was accepted
 * @hs:         what was found out
 *
 * While a key is being replaced, a donor may know only the other one.
 *
 * Context: process, sleeps up to the timeout and a few times RS_HANDSHAKE_MS.
 * Return: 0 or an errno; @hs says what is wrong with an answer.
 */
int rs_handshake_connect(struct rs_lane *lane, enum rs_lane_kind kind,
			 const struct sockaddr_storage *from, const struct rs_node_info *to,
			 unsigned int timeout_ms, unsigned int *key_slot, struct rs_handshake *hs)
{
	struct rs_auth_key keys[RS_KEYS];
	unsigned int nr_keys = rs_cluster_keys(keys), tries = 0;
	int err;

	hs->why[0] = '\0';
	do {
		if (*key_slot >= nr_keys)
			*key_slot = 0;
		if (tries)
			rs_lane_close(lane);
		err = rs_lane_connect(lane, from, &to->addr, timeout_ms);
		if (!err)
			err = introduce(lane, kind, to, nr_keys ? &keys[*key_slot] : NULL, hs);
		if (err == -EKEYREJECTED)
			++*key_slot;
	} while (err == -EKEYREJECTED && ++tries < nr_keys);
	memzero_explicit(keys, sizeof(keys));
	return err;
}

/**
 * rs_handshake_frame - a frame of an owner that is not known yet
 * @lane:     it came on this
 * @greeting: zeroed before the first frame
 * @hdr:      of the frame
 * @payload:  of the frame
 * @why:      set on an error: a line for the log
 *
 * On 0 look at the state: KNOWN means that the owner has proven who it is.
 *
 * Context: process, sleeps.
 * Return: 0 or an errno; -EKEYREJECTED and -EPROTO: the other side has proven nothing.
 */
int rs_handshake_frame(struct rs_lane *lane, struct rs_greeting *greeting,
		       const struct rs_wire_hdr *hdr, const u8 *payload, const char **why)
{
	struct rs_hello *hello = &greeting->hello;
	struct rs_hello_self me = self();
	u8 nonce[RS_WIRE_NONCE];
	struct rs_node_info node;
	int err;

	if (hello->state == RS_HELLO_STRANGER)
		greeting->nr_keys = rs_cluster_keys(greeting->keys);
	err = rs_hello_frame(hello, &me, greeting->keys, greeting->nr_keys, hdr->type, payload,
			     why);
	if (err)
		return err;
	*why = "no node with your number is known here: add it";
	if (!rs_node_find(hello->them.from, &node) || node.local)
		return -ENOENT;
	if (hello->state == RS_HELLO_KNOWN)
		return 0;
	*why = "the connection broke";
	get_random_bytes(nonce, sizeof(nonce));
	rs_owner_present(hello->them.from, greeting->us);
	me.incarnation = greeting->us;
	rs_hello_answer(hello, &me, nonce);
	err = send(lane, RS_HELLO_REPLY, 0, hello->reply);
	if (!err)
		begin_session(lane, hello, false);
	return err;
}

/* Lets the owner in that rs_handshake_frame() knows. Process context, sleeps. */
int rs_handshake_welcome(struct rs_lane *lane, u32 room)
{
	return send(lane, RS_WELCOME, room, NULL);
}
