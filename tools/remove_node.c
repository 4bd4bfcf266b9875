// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "../lib/edit.h"
#include "ctl.h"

#define DRAIN_S	60	/* for our pages to move off the node */

static char *edit(struct ctl *ctl, const char *text, const struct rms_config *old, void *arg)
{
	const char *name = arg;
	const struct rms_node *node = rms_config_node(old, name);

	if (!node) {
		rms_fail(&ctl->err, RMS_USAGE, "remove-node: no node is called \"%.80s\" in %s; `ramsterctl list-nodes` lists them",
			 name, ctl->config);
		return NULL;
	}
	if (node == rms_config_local(old)) {
		rms_fail(&ctl->err, RMS_USAGE, "remove-node: \"%s\" is this machine; `ramsterctl set-local` another name first",
			 name);
		return NULL;
	}
	return rms_edit_remove_node(text, ctl->config, node - old->nodes, &ctl->err);
}

static int run(struct ctl *ctl, char **args)
{
	int limit_s = ctl_timeout(ctl, DRAIN_S);
	char done[120];

	if (limit_s < 0)
		return -1;
	if (!ctl->force)
		ctl->move_s = limit_s ?: -1;
	snprintf(done, sizeof(done), "node %.80s removed", args[0]);
	return ctl_edit(ctl, false, edit, args[0], done);
}

static const struct ctl_option *const options[] = {
	&ctl_opt_force_loss, &ctl_opt_file_only, &ctl_opt_timeout, NULL,
};

const struct ctl_command ctl_remove_node = {
	.name = "remove-node",
	.arguments = "NAME",
	.summary = "remove a node from the cluster",
	.help = "The node is removed from the configuration file, and from the running cluster if\n"
		"this node is up: after our pages there have moved elsewhere. Refused if some do not,\n"
		"or if its pages lie here, unless --force is given.",
	.min_args = 1,
	.max_args = 1,
	.options = options,
	.run = run,
};
