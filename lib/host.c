// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cfs.h"
#include "file.h"
#include "host.h"
#include "lock.h"
#include "module.h"
#include "netlink.h"
#include "text.h"

#define CONFIGFS_MAGIC	0x62656570

static int host_make_dir(struct rms_host *host, const char *path)
{
	(void)host;
	return mkdir(path, 0755) ? -errno : 0;
}

static int host_remove_dir(struct rms_host *host, const char *path)
{
	(void)host;
	return rmdir(path) ? -errno : 0;
}

static int host_write_attr(struct rms_host *host, const char *path, const char *value)
{
	ssize_t n, len = strlen(value);
	int fd, ret = 0;

	(void)host;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n != len)
		ret = n < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

static bool is_mounted(const char *path, long magic)
{
	struct statfs st;

	return !statfs(path, &st) && st.f_type == magic;
}

static int host_mount_configfs(struct rms_host *host)
{
	/* debugfs is only for people who look: no reason to fail */
	if (!is_mounted("/sys/kernel/debug", DEBUGFS_MAGIC))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (is_mounted(host->configfs, CONFIGFS_MAGIC))
		return 0;
	return mount("configfs", host->configfs, "configfs", 0, NULL) ? -errno : 0;
}

static int host_load_module(struct rms_host *host, const char *name, struct rms_error *err)
{
	return rms_module_load(name, host->module_dir, err);
}

static int host_unload_module(struct rms_host *host, const char *name)
{
	(void)host;
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int host_swap_on(struct rms_host *host, const char *path, int priority)
{
	(void)host;
	return swapon(path, SWAP_FLAG_PREFER | (priority & SWAP_FLAG_PRIO_MASK)) ? -errno : 0;
}

static int host_swap_off(struct rms_host *host, const char *path)
{
	(void)host;
	return swapoff(path) ? -errno : 0;
}

static int host_node_pages(struct rms_host *host, const char *node, struct rms_node_pages *pages,
			   struct rms_error *err)
{
	int ret = rms_netlink_node_pages(node, pages, err);
	char *module;

	if (!ret || err->kind != RMS_NOT_RUNNING)
		return ret;
	/* of libnl's reasons for not finding the family, that is one */
	module = rms_format("%s/ramster", host->sys_module);
	if (!access(module, F_OK))
		rms_fail(err, RMS_FAILED, "module ramster does not answer over netlink");
	free(module);
	return ret;
}

static int host_has_address(struct rms_host *host, const char *address)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *ai;
	int fd, ret = 0;

	(void)host;
	if (getaddrinfo(address, NULL, &hints, &ai))
		return 0;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, ai->ai_addr, ai->ai_addrlen) && errno == EADDRNOTAVAIL)
		ret = -EADDRNOTAVAIL;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(ai);
	return ret;
}

static const struct rms_host_ops real_ops = {
	.make_dir = host_make_dir,
	.remove_dir = host_remove_dir,
	.write_attr = host_write_attr,
	.mount_configfs = host_mount_configfs,
	.load_module = host_load_module,
	.unload_module = host_unload_module,
	.swap_on = host_swap_on,
	.swap_off = host_swap_off,
	.has_address = host_has_address,
	.node_pages = host_node_pages,
};

/* A plain directory has no attributes until they are written. */
static int stand_in_write_attr(struct rms_host *host, const char *path, const char *value)
{
	FILE *f = fopen(path, "we");

	(void)host;
	if (!f)
		return -errno;
	fprintf(f, "%s\n", value);
	return fclose(f) ? -errno : 0;
}

static int stand_in_make_dir(struct rms_host *host, const char *path)
{
	char *parent = rms_format("%s/ramster", host->configfs), *node;
	int ret = host_make_dir(host, path);
	size_t len = strlen(parent);

	/* configfs makes the cluster's group of nodes by itself */
	if (!ret && !strncmp(path, parent, len) && path[len] == '/' && !strchr(path + len + 1, '/')) {
		node = rms_format("%s/node", path);
		ret = host_make_dir(host, node);
		free(node);
	}
	free(parent);
	return ret;
}

static int stand_in_remove_dir(struct rms_host *host, const char *path)
{
	char **names, *p;
	size_t n, i;

	names = rms_cfs_list(path, false, &n);
	for (i = 0; i < n; i++) {
		p = rms_format("%s/%s", path, names[i]);
		if (unlink(p))
			rmdir(p);
		free(p);
	}
	rms_cfs_list_free(names, n);
	return host_remove_dir(host, path);
}

static int nothing(struct rms_host *host)
{
	(void)host;
	return 0;
}

static int no_load(struct rms_host *host, const char *name, struct rms_error *err)
{
	(void)host, (void)name, (void)err;
	return 0;
}

static int no_name(struct rms_host *host, const char *name)
{
	(void)host, (void)name;
	return 0;
}

static int no_swap_on(struct rms_host *host, const char *path, int priority)
{
	(void)host, (void)path, (void)priority;
	return 0;
}

static int no_pages(struct rms_host *host, const char *node, struct rms_node_pages *pages,
		    struct rms_error *err)
{
	(void)host, (void)node, (void)err;
	*pages = (struct rms_node_pages){ 0 };
	return 0;
}

static const struct rms_host_ops stand_in_ops = {
	.make_dir = stand_in_make_dir,
	.remove_dir = stand_in_remove_dir,
	.write_attr = stand_in_write_attr,
	.mount_configfs = nothing,
	.load_module = no_load,
	.unload_module = no_name,
	.swap_on = no_swap_on,
	.swap_off = no_name,
	.has_address = no_name,
	.node_pages = no_pages,
};

void rms_host_init(struct rms_host *host)
{
	const char *configfs = getenv("RAMSTER_CONFIGFS"), *run = getenv("RAMSTER_RUN");

	*host = (struct rms_host){
		.ops = configfs ? &stand_in_ops : &real_ops,
		.configfs = rms_strdup(configfs ? configfs : "/sys/kernel/config"),
		.sys_module = rms_strdup("/sys/module"),
		.proc = rms_strdup("/proc"),
		.dev = rms_strdup("/dev"),
		.run = rms_strdup(run ? run : "/run"),
		.stand_in = configfs,
	};
}

void rms_host_release(struct rms_host *host)
{
	free(host->configfs);
	free(host->sys_module);
	free(host->proc);
	free(host->dev);
	free(host->run);
	free(host->module_dir);
}

int64_t rms_host_meminfo(const struct rms_host *host, const char *name)
{
	char *path = rms_format("%s/meminfo", host->proc), *text, *line;
	size_t len = strlen(name);
	long long kb = -1;

	text = rms_read_file(path, 1 << 20);
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':') {
			kb = atoll(line + len + 1);
			break;
		}
	}
	free(text);
	free(path);
	return kb < 0 ? -1 : kb * 1024;
}

char *rms_host_cluster(const struct rms_host *host)
{
	char *path = rms_format("%s/ramster", host->configfs), **names, *ret = NULL;
	size_t n;

	names = rms_cfs_list(path, true, &n);
	if (n)
		ret = rms_strdup(names[0]);
	rms_cfs_list_free(names, n);
	free(path);
	return ret;
}

int rms_lock_node(const struct rms_host *host, bool wait, struct rms_error *err)
{
	char *path = rms_format("%s/ramster.lock", host->run);
	int fd = rms_lock_file(path, wait);

	if (fd < 0 && errno == EWOULDBLOCK)
		rms_fail(err, RMS_FAILED, "busy: another command, such as `ramsterctl down`, is changing this node; ask again when it has ended");
	else if (fd < 0)
		rms_fail(err, RMS_FAILED, "%s: %s", path, errno == EACCES ? "permission denied; only root may" :
			 strerror(errno));
	free(path);
	return fd;
}
