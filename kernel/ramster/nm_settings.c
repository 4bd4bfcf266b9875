// SPDX-License-Identifier: GPL-2.0
/* nm_settings.c - the attributes of a cluster: times, policy, key */
#include <linux/ctype.h>
#include <linux/hex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "donor.h"
#include "nm.h"
#include "peer.h"
#include "seal.h"
#include "server.h"

#define MB_MAX	(1U << 24)	/* 16 TiB */

#define DEFAULTS {			\
	.heartbeat_ms = 1000,		\
	.suspect_ms = 3000,		\
	.dead_ms = 10000,		\
	.reconnect_ms = 500,		\
	.fetch_timeout_ms = 8000,	\
	.grace_s = 3600,		\
	.seal = RS_SEAL_ON,		\
}

struct rs_settings rs_settings = DEFAULTS;

struct setting {
	const char *name;
	u32 *value;
	u32 min;
	u32 max;
	void (*changed)(void);		/* may be NULL */
};

/* A setting as it would be after the change. */
static u32 as_changed(u32 *setting, const struct setting *changed, u32 value)
{
	return setting == changed->value ? value : *setting;
}

/* heartbeat_ms < suspect_ms < dead_ms, at any moment. */
static int order_check(struct config_item *item, const struct setting *changed, u32 value)
{
	u32 heartbeat = as_changed(&rs_settings.heartbeat_ms, changed, value);
	u32 suspect = as_changed(&rs_settings.suspect_ms, changed, value);
	u32 dead = as_changed(&rs_settings.dead_ms, changed, value);

	if (heartbeat >= suspect)
		return nm_refuse(item, changed->name, -EINVAL,
				 "%u: heartbeat_ms (%u) must be below suspect_ms (%u)", value,
				 heartbeat, suspect);
	if (suspect >= dead)
		return nm_refuse(item, changed->name, -EINVAL,
				 "%u: suspect_ms (%u) must be below dead_ms (%u)", value, suspect,
				 dead);
	return 0;
}

static ssize_t setting_store(struct config_item *item, const struct setting *s, const char *page,
			     size_t count)
{
	u32 value;
	int err;

	err = nm_parse(item, s->name, page, count, s->min, s->max, &value);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	err = order_check(item, s, value);
	if (!err) {
		WRITE_ONCE(*s->value, value);
		if (s->changed)
			s->changed();
	}
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

#define SETTING(_name, _min, _max, ...)							\
static const struct setting setting_##_name = {						\
	#_name, &rs_settings._name, _min, _max, ##__VA_ARGS__				\
};											\
static ssize_t cluster_##_name##_show(struct config_item *item, char *page)		\
{											\
	return sysfs_emit(page, "%u\n", READ_ONCE(rs_settings._name));			\
}											\
static ssize_t cluster_##_name##_store(struct config_item *item, const char *page,	\
				       size_t count)					\
{											\
	return setting_store(item, &setting_##_name, page, count);			\
}											\
CONFIGFS_ATTR(cluster_, _name)

SETTING(heartbeat_ms, 50, 60000);
SETTING(suspect_ms, 51, 600000);
SETTING(dead_ms, 52, 600000);
SETTING(reconnect_ms, 50, 60000);
SETTING(fetch_timeout_ms, 100, 600000);
SETTING(lend_max_mb, 0, MB_MAX);
SETTING(keep_free_mb, 0, MB_MAX);
SETTING(quota_mb, 0, MB_MAX);
SETTING(grace_s, 1, 7 * 24 * 3600, rs_owner_grace_changed);

static bool live_beyond_loopback(const struct nm_node *node, const void *unused)
{
	return (node->local || node->connect) && nm_address_is_public(&node->addr);
}

static ssize_t cluster_insecure_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(rs_settings.insecure));
}

static ssize_t cluster_insecure_store(struct config_item *item, const char *page, size_t count)
{
	const struct nm_node *live;
	u32 insecure;
	int err;

	err = nm_parse(item, "insecure", page, count, 0, 1, &insecure);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	live = nm_table_match(live_beyond_loopback, NULL);
	if (!insecure && !nm_table_has_key() && live)
		err = nm_refuse(item, "insecure", -EBUSY,
				"0: node %s is in use beyond loopback; set key first", live->name);
	else
		WRITE_ONCE(rs_settings.insecure, insecure);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}
CONFIGFS_ATTR(cluster_, insecure);

static ssize_t cluster_seal_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", rs_seal_names[READ_ONCE(rs_settings.seal)]);
}

static bool is_donor(const struct nm_node *node, const void *unused)
{
	return node->connect;
}

/* Pages that donors hold were sealed, or not, when they left: so not while there are any. */
static ssize_t cluster_seal_store(struct config_item *item, const char *page, size_t count)
{
	int mode = __sysfs_match_string(rs_seal_names, __RS_SEALS, page);
	int err = nm_may_change(item, "seal");
	const struct nm_node *donor;

	if (err)
		return err;
	if (mode < 0)
		return nm_refuse(item, "seal", mode,
				 "\"%*pE\" is not on, off, aes-gcm or chacha20-poly1305",
				 nm_typed(page, count), page);
	if (!rs_seal_is_available(mode))
		return nm_refuse(item, "seal", -EOPNOTSUPP,
				 "this kernel has no gcm(aes); write on or chacha20-poly1305");
	mutex_lock(&nm_change_lock);
	donor = nm_table_match(is_donor, NULL);
	if (mode != rs_settings.seal && donor)
		err = nm_refuse(item, "seal", -EBUSY,
				"frozen while node %s is connected; write 0 to its connect first",
				donor->name);
	else
		WRITE_ONCE(rs_settings.seal, mode);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}
CONFIGFS_ATTR(cluster_, seal);

/* One or more keys in hex, each on a line or after a space: how many, or -EINVAL. */
static int keys_parse(const char *page, size_t count, struct rs_auth_key *keys)
{
	const size_t digits = 2 * RS_SECRET_BYTES;
	const char *end = page + strnlen(page, count);
	u8 secret[RS_SECRET_BYTES];
	int nr = 0;

	for (;;) {
		while (page < end && isspace(*page))
			page++;
		if (page == end)
			break;
		if (nr == RS_KEYS || end - page < digits || hex2bin(secret, page, sizeof(secret)) ||
		    (end - page > digits && !isspace(page[digits]))) {
			nr = 0;
			break;
		}
		rs_auth_key_make(&keys[nr++], secret);
		page += digits;
	}
	memzero_explicit(secret, sizeof(secret));
	return nr ?: -EINVAL;
}

/*
 * What was typed is never in the log, and does not stay in configfs' buffer. Connections made
 * with a key that is no longer there end; their ends connect anew, with one that is.
 */
static ssize_t cluster_key_store(struct config_item *item, const char *page, size_t count)
{
	struct rs_auth_key keys[RS_KEYS];
	int nr = nm_may_change(item, "key") ?: keys_parse(page, count, keys);

	if (nr == -EINVAL) {
		nm_refuse(item, "key", nr, "not %u hex digits, or %u times as many, on a line each",
			  2 * RS_SECRET_BYTES, RS_KEYS);
	} else if (nr > 0) {
		mutex_lock(&nm_change_lock);
		nm_table_set_keys(keys, nr);
		rs_server_disconnect(false);
		rs_peers_reconnect(false);
		mutex_unlock(&nm_change_lock);
	}
	memzero_explicit(keys, sizeof(keys));
	memzero_explicit((char *)page, count);
	return nr < 0 ? nr : count;
}
CONFIGFS_ATTR_WO(cluster_, key);

static ssize_t cluster_key_ids_show(struct config_item *item, char *page)
{
	struct rs_auth_key keys[RS_KEYS];
	unsigned int nr = rs_cluster_keys(keys), i;
	ssize_t len = 0;

	for (i = 0; i < nr; i++)
		len += sysfs_emit_at(page, len, "%*phN\n", (int)sizeof(keys[i].id), keys[i].id);
	memzero_explicit(keys, sizeof(keys));
	return len;
}
CONFIGFS_ATTR_RO(cluster_, key_ids);

struct configfs_attribute *nm_cluster_attrs[] = {
	&cluster_attr_heartbeat_ms,
	&cluster_attr_suspect_ms,
	&cluster_attr_dead_ms,
	&cluster_attr_reconnect_ms,
	&cluster_attr_fetch_timeout_ms,
	&cluster_attr_lend_max_mb,
	&cluster_attr_keep_free_mb,
	&cluster_attr_quota_mb,
	&cluster_attr_grace_s,
	&cluster_attr_insecure,
	&cluster_attr_seal,
	&cluster_attr_key,
	&cluster_attr_key_ids,
	NULL,
};

/* The defaults, as for a cluster that was just made. Under nm_change_lock. */
void nm_settings_reset(void)
{
	lockdep_assert_held(&nm_change_lock);
	rs_settings = (struct rs_settings)DEFAULTS;
}
