// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "text.h"

const char *const rms_modules[] = { "tmem", "frontswap", "zcache", "ramster" };
const unsigned int rms_nr_modules = ARRAY_LEN(rms_modules);

/* Run modprobe; its exit status, with what it said in @said. */
static int modprobe(const char *name, char *said, size_t len)
{
	int pipefd[2], status;
	size_t n = 0;
	pid_t pid;

	said[0] = '\0';
	if (pipe2(pipefd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(pipefd[1], STDERR_FILENO);
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		execlp("modprobe", "modprobe", name, (char *)NULL);
		dprintf(STDERR_FILENO, "modprobe: %s\n", strerror(errno));
		_exit(127);
	}
	close(pipefd[1]);
	while (pid > 0 && n + 1 < len) {
		ssize_t got = read(pipefd[0], said + n, len - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += got;
	}
	close(pipefd[0]);
	said[n] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int load_installed(const char *name, struct rms_error *err)
{
	struct utsname u;
	char said[300];

	if (!modprobe(name, said, sizeof(said)))
		return 0;
	uname(&u);
	return rms_fail(err, RMS_FAILED, "cannot load module %s into kernel %s: %s", name, u.release,
			said[0] ? said : "modprobe failed");
}

static bool is_ours(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < rms_nr_modules; i++)
		if (strlen(rms_modules[i]) == len && !strncmp(rms_modules[i], name, len))
			return true;
	return false;
}

/*
 * The kernel's modules that the file needs ("depends=a,b" in its .modinfo) come
 * from modprobe; if one fails, so will the load, which is reported.
 */
static void load_needed(const char *file, size_t len)
{
	static const char key[] = "depends=";
	char name[RMS_NAME_MAX], said[300];
	const char *p = memmem(file, len, key, sizeof(key) - 1);
	const char *end = file + len;

	if (!p)
		return;
	p += sizeof(key) - 1;
	while (p < end && *p) {
		size_t n = 0;

		while (p + n < end && p[n] && p[n] != ',')
			n++;
		if (n && n < sizeof(name) && !is_ours(p, n)) {
			snprintf(name, sizeof(name), "%.*s", (int)n, p);
			modprobe(name, said, sizeof(said));
		}
		p += n;
		if (p < end && *p == ',')
			p++;
	}
}

static int open_module(const char *name, const char *dir)
{
	char *path = rms_format("%s/%s.ko", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	if (fd < 0 && errno == ENOENT) {
		path = rms_format("%s/%s/%s.ko", dir, name, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
	}
	return fd;
}

static int load_from(const char *name, const char *dir, struct rms_error *err)
{
	int fd = open_module(name, dir), ret = 0;
	struct stat st;
	void *map;

	if (fd < 0)
		return rms_fail(err, RMS_FAILED, "cannot load module %s: no %s.ko in %s: %s", name, name, dir,
				strerror(errno));
	if (!fstat(fd, &st) && st.st_size > 0) {
		map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			load_needed(map, st.st_size);
			munmap(map, st.st_size);
		}
	}
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		ret = rms_fail(err, RMS_FAILED, "cannot load module %s from %s: %s (the kernel log says more)", name,
			       dir, strerror(errno));
	close(fd);
	return ret;
}

int rms_module_load(const char *name, const char *dir, struct rms_error *err)
{
	return dir ? load_from(name, dir, err) : load_installed(name, err);
}
