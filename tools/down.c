// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/pidfile.h"
#include "ctl.h"
#include "json.h"

#define POLL_US		50000
#define PATIENCE_S	30
#define GIVE_BACK_S	20	/* for other nodes to take their pages back */

/* ramsterd has nothing left to do, and ends as soon as it is told. */
static int end_daemon(struct ctl *ctl)
{
	char *path = rms_pidfile_path(&ctl->host);
	pid_t pid = rms_pidfile_owner(path);
	int i, ret = 0;

	if (pid && kill(pid, SIGTERM) && errno != ESRCH)
		ret = rms_fail(&ctl->err, RMS_FAILED, "cannot end ramsterd (process %d): %s", (int)pid, strerror(errno));
	for (i = 0; pid && !ret && rms_pidfile_owner(path) == pid; i++) {
		if (i > PATIENCE_S * (1000000 / POLL_US))
			ret = rms_fail(&ctl->err, RMS_FAILED, "ramsterd (process %d) does not end", (int)pid);
		usleep(POLL_US);
	}
	free(path);
	return ret;
}

static int run(struct ctl *ctl, char **args)
{
	char *cluster = rms_host_cluster(&ctl->host);
	struct rms_bring b = ctl_bring(ctl);
	int limit_s = ctl_timeout(ctl, GIVE_BACK_S), ret;

	(void)args;
	if (limit_s < 0) {
		free(cluster);
		return -1;
	}
	b.lent_s = limit_s ?: INT_MAX;
	ret = rms_down(&b, &ctl->err);
	if (!ret)
		ret = end_daemon(ctl);
	if (!ret && ctl->json) {
		json_open(NULL, '{');
		json_bool("running", false);
		json_string("left", cluster);
		json_close('}');
	} else if (!ret) {
		if (cluster)
			printf("cluster %s is left\n", cluster);
		else
			printf("RAMster was not running here\n");
	}
	free(cluster);
	return ret;
}

static const struct ctl_option *const options[] = {
	&ctl_opt_force_memory, &ctl_opt_unload, &ctl_opt_timeout, NULL,
};

const struct ctl_command ctl_down = {
	.name = "down",
	.arguments = "",
	.summary = "stop this node",
	.help = "Brings this node's pages home (swapoff), then removes the devices, leaves the\n"
		"cluster and ends ramsterd if it runs. Refused if the pages do not fit into\n"
		"memory. If pages of other nodes lie here, those are asked to take them back.",
	.options = options,
	.run = run,
};
