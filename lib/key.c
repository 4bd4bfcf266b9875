// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
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
#include "text.h"

void rms_key_wipe(char hex[RMS_KEY_HEX + 1])
{
	explicit_bzero(hex, RMS_KEY_HEX + 1);
}

static int random_key(char hex[RMS_KEY_HEX + 2], struct rms_error *err)
{
	unsigned char raw[RMS_KEY_BITS / 8];
	size_t i;

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return rms_fail(err, RMS_FAILED, "no random numbers: %s", strerror(errno));
	for (i = 0; i < sizeof(raw); i++)
		sprintf(hex + 2 * i, "%02x", raw[i]);
	strcat(hex, "\n");
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

static int write_new_key(const char *path, const char *text, struct rms_error *err)
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

int rms_key_generate(const char *path, bool force, struct rms_error *err)
{
	char hex[RMS_KEY_HEX + 2] = "";
	int ret = random_key(hex, err);

	if (!ret)
		ret = force ? replace_key(path, hex, err) : write_new_key(path, hex, err);
	explicit_bzero(hex, sizeof(hex));
	return ret;
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

static bool is_key(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < RMS_KEY_HEX; i++)
		if (i >= len || !isxdigit((unsigned char)s[i]))
			return false;
	return len == RMS_KEY_HEX || (len == RMS_KEY_HEX + 1 && s[RMS_KEY_HEX] == '\n');
}

int rms_key_read(const struct rms_config *cfg, char hex[RMS_KEY_HEX + 1], struct rms_error *err)
{
	const struct rms_str *f = &cfg->cluster.key_file;
	char buf[RMS_KEY_HEX + 3];
	ssize_t n;
	int fd, ret;

	hex[0] = '\0';
	fd = open(f->s, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return no_key(cfg, err);
	if (fd < 0)
		return rms_fail_at(err, cfg->path, f->line, "key_file %s: cannot read: %s", f->s, strerror(errno));
	ret = check_file(cfg, fd, err);
	if (!ret) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0)
			ret = rms_fail_at(err, cfg->path, f->line, "key_file %s: cannot read: %s", f->s, strerror(errno));
		else if (!is_key(buf, n))
			ret = rms_fail_at(err, cfg->path, f->line, "key_file %s holds no key; it must be %d hex digits, as `ramsterctl genkey` writes them",
					  f->s, RMS_KEY_HEX);
		else
			snprintf(hex, RMS_KEY_HEX + 1, "%.*s", RMS_KEY_HEX, buf);
	}
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	return ret;
}
