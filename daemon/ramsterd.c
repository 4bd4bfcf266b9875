// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ramsterd.c - start RAMster on this node, watch it, and stop it in order
 *
 * The daemon is in the path of no page: paging goes on while it is dead, and a
 * new one takes the node up as it finds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/cfs.h"
#include "../lib/pidfile.h"
#include "../lib/privileges.h"
#include "../lib/text.h"
#include "daemon.h"
#include "log.h"

struct options {
	const char *config, *pidfile, *module_dir;
	bool foreground;
};

static void help(void)
{
	printf("usage: ramsterd [options]\n\n"
	       "Brings this node up as %s says, and down when it is ended.\n\n"
	       "options:\n"
	       "  --config FILE      the configuration file\n"
	       "  --foreground       stay in the foreground (so it does under systemd anyway)\n"
	       "  --pidfile FILE     where the process id goes (default /run/ramsterd.pid)\n"
	       "  --module-dir DIR   load the modules from DIR, not with modprobe\n"
	       "  --version, --help\n\n"
	       "signals: SIGHUP applies what changed in the file, SIGTERM and SIGINT stop the node\n"
	       "exit codes: 0 stopped, 1 the system refused, 2 wrong command line, 3 wrong configuration\n",
	       RMS_CONFIG_PATH);
}

static int usage(const char *what, const char *word)
{
	fprintf(stderr, "ramsterd: %s %s; `ramsterd --help` says what there is\n", what, word);
	return RMS_USAGE;
}

/* -1: go on; else the exit code. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "pidfile", required_argument, NULL, 'p' },
		{ "module-dir", required_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'p':
			o->pidfile = optarg;
			break;
		case 'm':
			o->module_dir = optarg;
			break;
		case 'v':
			printf("ramsterd %s\n", RAMSTER_VERSION);
			return RMS_OK;
		case 'h':
			help();
			return RMS_OK;
		case ':':
			return usage("a value is missing after", argv[optind - 1]);
		default:
			return usage("unknown option", argv[optind - 1]);
		}
	}
	return optind < argc ? usage("unknown argument", argv[optind]) : -1;
}

/*
 * Paging must not wait for a daemon that is itself paged out, or be short of one. The limit
 * is what holds once the capability to lock memory is dropped.
 */
static void stay_in_memory(void)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	FILE *f = fopen("/proc/self/oom_score_adj", "we");

	if (f) {
		fprintf(f, "-1000\n");
		fclose(f);
	}
	if (setrlimit(RLIMIT_MEMLOCK, &all) || mlockall(MCL_CURRENT | MCL_FUTURE))
		log_line(LOG_WARNING, "cannot stay in memory: %s", strerror(errno));
}

/* What systemd takes away, where that has not started us. */
static void drop_privileges(void)
{
	int err = rms_drop_privileges();

	if (err)
		log_line(LOG_WARNING, "cannot drop capabilities: %s", strerror(-err));
}

static int write_pid(int pidfd, pid_t pid)
{
	return ftruncate(pidfd, 0) || lseek(pidfd, 0, SEEK_SET) || dprintf(pidfd, "%d\n", (int)pid) < 0 ? -1 : 0;
}

/*
 * The caller's shell goes on once the node is up; the lock on @pidfd stays ours. Who is
 * left behind writes the file, as who calls us may read it when that one has ended.
 */
static int into_background(int pidfd)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		return -1;
	if (pid > 0) {
		if (!write_pid(pidfd, pid))
			_exit(RMS_OK);
		fprintf(stderr, "ramsterd: cannot write the pid file: %s\n", strerror(errno));
		kill(pid, SIGTERM);
		_exit(RMS_FAILED);
	}
	null = open("/dev/null", O_RDWR);
	if (setsid() < 0 || chdir("/") || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return -1;
	if (null > STDERR_FILENO)
		close(null);
	log_to_syslog();
	return 0;
}

/* In the background, the working directory is another one. */
static char *absolute(const char *path)
{
	char *here = *path == '/' ? NULL : getcwd(NULL, 0), *ret;

	ret = here ? rms_format("%s/%s", here, path) : rms_strdup(path);
	free(here);
	return ret;
}

static int run(struct daemon *d, const struct options *o)
{
	char *path = o->pidfile ? absolute(o->pidfile) : rms_pidfile_path(&d->host);
	struct rms_error err;
	int pidfd, ret;

	daemon_hold_signals();
	pidfd = rms_pidfile_take(path, &err);
	if (pidfd < 0 || daemon_up(d, true, &err)) {
		log_line(LOG_ERR, "%s", err.text);
		if (pidfd >= 0)
			unlink(path);
		free(path);
		return err.kind;
	}
	if (!o->foreground && !getenv("NOTIFY_SOCKET") && into_background(pidfd)) {
		log_line(LOG_ERR, "cannot go into the background: %s", strerror(errno));
		free(path);
		return RMS_FAILED;
	}
	stay_in_memory();
	drop_privileges();
	ret = daemon_loop(d);
	unlink(path);
	close(pidfd);
	free(path);
	return ret;
}

int main(int argc, char **argv)
{
	struct options o = { .config = RMS_CONFIG_PATH };
	struct daemon d = { 0 };
	int ret = parse(&o, argc, argv);

	if (ret >= 0)
		return ret;
	rms_hide_memory();
	d.config_path = absolute(o.config);
	rms_host_init(&d.host);
	if (o.module_dir)
		d.host.module_dir = absolute(o.module_dir);
	ret = run(&d, &o);
	rms_config_free(d.cfg);
	rms_cfs_list_free(d.drained, d.nr_drained);
	rms_host_release(&d.host);
	free(d.config_path);
	return ret;
}
