// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "file.h"
#include "key.h"
#include "signals.h"
#include "text.h"

void rms_key_wipe(char keys[RMS_KEY_TEXT])
{
	explicit_bzero(keys, RMS_KEY_TEXT);
}

/* A new key and the end of its line, for the file at @path. */
static int new_key(const char *path, char hex[RMS_KEY_TEXT], struct rms_error *err)
{
	unsigned char raw[RMS_KEY_BITS / 8];
	size_t i;

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return rms_fail(err, RMS_FAILED, "%s: no random numbers: %s", path, strerror(errno));
	for (i = 0; i < sizeof(raw); i++)
		sprintf(hex + 2 * i, "%02x", raw[i]);
	strcpy(hex + RMS_KEY_HEX, "\n");
	explicit_bzero(raw, sizeof(raw));
	return 0;
}

static int replace_key(const char *path, const char *text, struct rms_error *err)
{
	struct stat st;

	if (!stat(path, &st) && (!S_ISREG(st.st_mode) || (st.st_mode & 077)))
		return rms_fail(err, RMS_FAILED, "%s: not a file of mode 0600; remove it first", path);
	return rms_replace_file(path, text, 0600, err);
}

/*
 * What @make makes takes the place of the file. One at a time: a key that another
 * command has just made is not to be lost.
 */
static int change_keys(const char *path, int (*make)(const char *path, char keys[RMS_KEY_TEXT], struct rms_error *err),
		       const struct rms_patience *patience, struct rms_error *err)
{
	char keys[RMS_KEY_TEXT] = "";
	struct rms_edit_lock lock;
	int ret;

	if (rms_lock_edit(&lock, path, patience, err))
		return -1;
	ret = make(path, keys, err);
	if (!ret)
		ret = replace_key(path, keys, err);
	rms_key_wipe(keys);
	rms_unlock_edit(&lock);
	return ret;
}

static int write_key(const char *path, const char *text, struct rms_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t len = strlen(text);

	if (fd < 0 && errno == EEXIST)
		return rms_fail(err, RMS_FAILED, "%s: there is a key already; --force replaces it (then every node needs the new one)",
				path);
	if (fd < 0)
		return rms_fail(err, RMS_FAILED, "%s: cannot make: %s", path, strerror(errno));
	if (fchmod(fd, 0600) || write(fd, text, len) != len || fsync(fd)) {
		rms_fail(err, RMS_FAILED, "%s: cannot write: %s", path, strerror(errno));
		unlink(path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

static int write_new_key(const char *path, struct rms_error *err)
{
	char keys[RMS_KEY_TEXT] = "";
	int ret = new_key(path, keys, err);
	struct rms_held held;

	rms_signals_hold(&held);
	if (!ret)
		ret = write_key(path, keys, err);
	rms_signals_release(&held);
	rms_key_wipe(keys);
	return ret;
}

int rms_key_generate(const char *path, bool force, const struct rms_patience *patience, struct rms_error *err)
{
	return force ? change_keys(path, new_key, patience, err) : write_new_key(path, err);
}

static bool all_on_this_machine(const struct rms_config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->nr_nodes; i++)
		if (!rms_address_is_loopback(cfg->nodes[i].address.s))
			return false;
	return true;
}

static int no_key(const struct rms_config *cfg, struct rms_error *err)
{
	const struct rms_str *f = &cfg->cluster.key_file;

	if (f->line)
		return rms_fail_at(err, cfg->path, f->line, "key_file %s: no such file; `ramsterctl genkey %s` makes it, then copy it to every node",
				   f->s, f->s);
	if (cfg->cluster.insecure.v || all_on_this_machine(cfg))
		return 0;
	return rms_fail_at(err, cfg->path, cfg->cluster.line, "no cluster key: make %s with `ramsterctl genkey` and copy it to every node, or say insecure = true in a network that nobody else can reach (`ramsterctl set-local --insecure`)",
			   f->s);
}

static int check_file(const struct rms_config *cfg, int fd, struct rms_error *err)
{
	const struct rms_str *f = &cfg->cluster.key_file;
	struct stat st;

	if (fstat(fd, &st))
		return rms_fail_at(err, cfg->path, f->line, "key_file %s: %s", f->s, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return rms_fail_at(err, cfg->path, f->line, "key_file %s is not a regular file; `ramsterctl genkey` makes one",
				   f->s);
	if (st.st_mode & 077)
		return rms_fail_at(err, cfg->path, f->line, "key_file %s can be read or written by others (mode %04o); `chmod 0600 %s`, and think whether the key is still secret",
				   f->s, st.st_mode & 07777, f->s);
	if (st.st_uid && st.st_uid != geteuid())
		return rms_fail_at(err, cfg->path, f->line, "key_file %s belongs to user %u; `chown root %s`", f->s,
				   st.st_uid, f->s);
	return 0;
}

/* Lines of hex digits, the last one with or without its end: how many keys, or 0. */
static unsigned int count_keys(const char *s)
{
	unsigned int n = 0;
	size_t len;

	for (; *s; s += len + !!s[len], n++) {
		len = strcspn(s, "\n");
		if (len != RMS_KEY_HEX || strspn(s, "0123456789abcdefABCDEF") < len)
			return 0;
	}
	return n <= RMS_KEYS ? n : 0;
}

static int read_keys(int fd, char keys[RMS_KEY_TEXT], struct rms_error *err)
{
	char more;
	ssize_t n = read(fd, keys, RMS_KEY_TEXT - 1);

	if (n < 0)
		return rms_fail(err, RMS_FAILED, "cannot read: %s", strerror(errno));
	keys[n] = '\0';
	if (memchr(keys, '\0', n) || read(fd, &more, 1) == 1 || !count_keys(keys))
		return rms_fail(err, RMS_FAILED, "holds no key; it must be %d hex digits, as `ramsterctl genkey` writes them, or two such lines",
				RMS_KEY_HEX);
	return 0;
}

int rms_key_read(const struct rms_config *cfg, char keys[RMS_KEY_TEXT], struct rms_error *err)
{
	const struct rms_str *f = &cfg->cluster.key_file;
	struct rms_error why;
	int fd, ret;

	keys[0] = '\0';
	fd = open(f->s, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return no_key(cfg, err);
	if (fd < 0)
		return rms_fail_at(err, cfg->path, f->line, "key_file %s: cannot read: %s", f->s, strerror(errno));
	ret = check_file(cfg, fd, err);
	if (!ret && read_keys(fd, keys, &why)) {
		rms_key_wipe(keys);
		ret = rms_fail_at(err, cfg->path, f->line, "key_file %s %s", f->s, why.text);
	}
	close(fd);
	return ret;
}

/* Those in the file at @path, and how many; 0: @err says why. */
static unsigned int keys_there(const char *path, char keys[RMS_KEY_TEXT], struct rms_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), ret;
	struct rms_error why;

	if (fd < 0) {
		rms_fail(err, RMS_FAILED, "%s: cannot read: %s", path, strerror(errno));
		return 0;
	}
	ret = read_keys(fd, keys, &why);
	close(fd);
	if (ret)
		rms_fail(err, RMS_FAILED, "%s: %s", path, why.text);
	return ret ? 0 : count_keys(keys);
}

static int add_key(const char *path, char keys[RMS_KEY_TEXT], struct rms_error *err)
{
	char old[RMS_KEY_TEXT] = "";
	unsigned int n = keys_there(path, old, err);
	int ret = -1;

	if (n == RMS_KEYS)
		rms_fail(err, RMS_FAILED, "%s: a key is being replaced already; --finish takes the old one away", path);
	else if (n)
		ret = new_key(path, keys, err);
	if (!ret)
		snprintf(keys + RMS_KEY_HEX + 1, RMS_KEY_TEXT - RMS_KEY_HEX - 1, "%.*s\n", RMS_KEY_HEX, old);
	rms_key_wipe(old);
	return ret;
}

static int drop_old_key(const char *path, char keys[RMS_KEY_TEXT], struct rms_error *err)
{
	unsigned int n = keys_there(path, keys, err);

	if (!n)
		return -1;
	if (n < RMS_KEYS)
		return rms_fail(err, RMS_FAILED, "%s: there is one key only, nothing to finish", path);
	keys[RMS_KEY_HEX + 1] = '\0';	/* the newline stays */
	return 0;
}

int rms_key_rotate(const char *path, bool finish, const struct rms_patience *patience, struct rms_error *err)
{
	return change_keys(path, finish ? drop_old_key : add_key, patience, err);
}
