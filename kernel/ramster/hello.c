// SPDX-License-Identifier: GPL-2.0
/* hello.c - the handshake's rules; hello.h has the contract */
#ifdef __KERNEL__
#include <linux/string.h>
#endif

#include "hello.h"

static void introduce(u8 *payload, const struct rs_hello_self *self, u16 to, u8 lane,
		      u32 features, const struct rs_auth_key *key,
		      const u8 nonce[RS_WIRE_NONCE])
{
	struct rs_wire_hello hello = {
		.from = self->num,
		.to = to,
		.lane = lane,
		.version_min = RS_WIRE_VERSION,
		.version_max = RS_WIRE_VERSION,
		.features = features,
		.auth = key ? RS_AUTH_KEY : RS_AUTH_NONE,
	};
	size_t len = strnlen(self->cluster, RS_WIRE_NAME_MAX);

	memcpy(hello.incarnation, self->incarnation, sizeof(hello.incarnation));
	memcpy(hello.cluster, self->cluster, len);
	memcpy(hello.nonce, nonce, sizeof(hello.nonce));
	if (key)
		memcpy(hello.key_id, key->id, sizeof(hello.key_id));
	rs_wire_hello_encode(payload, &hello);
}

/**
 * rs_hello_ask - the owner's HELLO
 * @hs:    out: begun, with @hs->hello to be sent
 * @self:  who we are
 * @to:    whom we mean
 * @kind:  what the connection is for
 * @key:   the cluster's, or NULL; stays as long as @hs
 * @nonce: random
 */
void rs_hello_ask(struct rs_hello *hs, const struct rs_hello_self *self, u16 to,
		  enum rs_lane_kind kind, const struct rs_auth_key *key,
		  const u8 nonce[RS_WIRE_NONCE])
{
	memset(hs, 0, sizeof(*hs));
	hs->key = key;
	introduce(hs->hello, self, to, kind, RS_WIRE_FEATURES, key, nonce);
	if (key)
		rs_auth_prove_hello(key, hs->hello);
}

/**
 * rs_hello_answered - judge the donor's HELLO_REPLY
 * @hs:      from rs_hello_ask()
 * @self:    who we are
 * @payload: RS_WIRE_HELLO bytes
 * @why:     set on an error: a line for our log
 *
 * Nothing that the reply says is looked at before its proof.
 *
 * Return: 0: it is who was meant, and has the key. -EKEYREJECTED: it has not proven that.
 * -EPROTO, -EPROTONOSUPPORT, -EREMCHG: it is malformed, too different, or somebody else.
 */
int rs_hello_answered(struct rs_hello *hs, const struct rs_hello_self *self, const u8 *payload,
		      const char **why)
{
	struct rs_wire_hello asked;

	*why = "its answer is malformed";
	if (rs_wire_hello_decode(hs->hello, &asked) ||
	    rs_wire_hello_decode(payload, &hs->them))
		return -EPROTO;
	memcpy(hs->reply, payload, RS_WIRE_HELLO);
	*why = "its answer does not prove the cluster key";
	if (hs->them.auth != asked.auth ||
	    memcmp(hs->them.key_id, asked.key_id, sizeof(asked.key_id)))
		return -EKEYREJECTED;
	if (hs->key && !rs_auth_reply_ok(hs->key, hs->hello, hs->reply))
		return -EKEYREJECTED;
	*why = "no common protocol version";
	if (!rs_wire_version_common(&hs->them))
		return -EPROTONOSUPPORT;
	*why = "another node or cluster answers at its address: check the addresses";
	if (hs->them.from != asked.to || hs->them.to != self->num ||
	    hs->them.lane != asked.lane || strcmp(hs->them.cluster, self->cluster))
		return -EREMCHG;
	return 0;
}

/*
 * Has the owner the key? One proof is computed for anybody, whatever they say. With a key
 * set, nobody is let in without one.
 */
static int prove(struct rs_hello *hs, const struct rs_auth_key *keys, unsigned int nr_keys)
{
	const struct rs_auth_key *key = keys;
	bool known = false, ok;
	unsigned int i;

	if (!nr_keys)
		return hs->them.auth == RS_AUTH_NONE ? 0 : -EKEYREJECTED;
	for (i = 0; i < nr_keys; i++) {
		if (!memcmp(keys[i].id, hs->them.key_id, sizeof(keys[i].id))) {
			key = &keys[i];
			known = true;
		}
	}
	ok = rs_auth_hello_ok(key, hs->hello);
	if (hs->them.auth != RS_AUTH_KEY || !known || !ok)
		return -EKEYREJECTED;
	hs->key = key;
	return 0;
}

static int judge(struct rs_hello *hs, const struct rs_hello_self *self,
		 const struct rs_auth_key *keys, unsigned int nr_keys, const char **why)
{
	int err;

	*why = "it does not prove the cluster key";
	err = prove(hs, keys, nr_keys);
	if (err)
		return err;
	*why = "no common protocol version";
	if (!rs_wire_version_common(&hs->them))
		return -EPROTONOSUPPORT;
	*why = "this is another cluster";
	if (strcmp(hs->them.cluster, self->cluster))
		return -EREMCHG;
	*why = "this is not the node with that number";
	if (hs->them.to != self->num || hs->them.from == self->num)
		return -EREMCHG;
	return 0;
}

/**
 * rs_hello_frame - judge a frame of an owner that is not known yet
 * @hs:      zeroed before the first frame
 * @self:    who we are
 * @keys:    the cluster's keys, the one that we use first; they stay as long as @hs
 * @nr_keys: how many; 0: there is no authentication
 * @type:    of the frame; checked by rs_wire_check(), and, for a PROVE, its tag
 * @payload: of the frame
 * @why:     set on an error: a line for our log; not for the owner's while it has proven nothing
 *
 * On 0 look at @hs->state: GREETED means that rs_hello_answer() is due.
 *
 * Return: 0. -EKEYREJECTED: the key is not proven; else it is, and: -EPROTONOSUPPORT,
 * -EREMCHG. -EPROTO: this frame is not due.
 */
int rs_hello_frame(struct rs_hello *hs, const struct rs_hello_self *self,
		   const struct rs_auth_key *keys, unsigned int nr_keys, u8 type,
		   const u8 *payload, const char **why)
{
	int err;

	if (hs->state == RS_HELLO_STRANGER && type == RS_HELLO) {
		*why = "its HELLO is malformed";
		memcpy(hs->hello, payload, RS_WIRE_HELLO);
		if (rs_wire_hello_decode(payload, &hs->them))
			return -EPROTO;
		err = judge(hs, self, keys, nr_keys, why);
		if (!err)
			hs->state = RS_HELLO_GREETED;
		return err;
	}
	if (hs->state == RS_HELLO_GREETED && type == RS_PROVE) {
		hs->state = RS_HELLO_KNOWN;
		return 0;
	}
	*why = "it sent a frame that is not due";
	return -EPROTO;
}

/* Fills @hs->reply in; @nonce is random. The session's keys are next. */
void rs_hello_answer(struct rs_hello *hs, const struct rs_hello_self *self,
		     const u8 nonce[RS_WIRE_NONCE])
{
	introduce(hs->reply, self, hs->them.from, hs->them.lane,
		  hs->them.features & RS_WIRE_FEATURES, hs->key, nonce);
	if (hs->key)
		rs_auth_prove_reply(hs->key, hs->hello, hs->reply);
}
