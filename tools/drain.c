// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "../lib/drain.h"
#include "ctl.h"
#include "json.h"

static void report(const struct ctl *ctl, const char *node, bool drained)
{
	if (ctl->json) {
		json_open(NULL, '{');
		json_string("node", node);
		json_bool("drain", drained);
		json_close('}');
	} else if (drained) {
		printf("node %s is drained: no page lies there\n", node);
	} else {
		printf("node %s is in use\n", node);
	}
}

static int drain(struct ctl *ctl, char **args)
{
	struct rms_bring b = ctl_bring(ctl);
	int limit_s = ctl_timeout(ctl, 0);

	if (limit_s < 0 || rms_drain(&ctl->host, args[0], true, &ctl->err) ||
	    rms_drain_wait(&b, args[0], limit_s ?: -1, NULL, &ctl->err))
		return -1;
	report(ctl, args[0], true);
	return 0;
}

static int undrain(struct ctl *ctl, char **args)
{
	if (rms_drain(&ctl->host, args[0], false, &ctl->err))
		return -1;
	report(ctl, args[0], false);
	return 0;
}

static const struct ctl_option *const options[] = { &ctl_opt_timeout, NULL };

const struct ctl_command ctl_drain = {
	.name = "drain",
	.arguments = "NAME",
	.summary = "take a node's RAM out of use",
	.help = "This machine: it lends nothing any more, and the other nodes are asked to take back\n"
		"what lies here. Another node: no page of this node goes there any more, and\n"
		"those that are there go elsewhere. Ends when no page is left; until `undrain` or\n"
		"`up`, none comes.",
	.min_args = 1,
	.max_args = 1,
	.options = options,
	.run = drain,
};

const struct ctl_command ctl_undrain = {
	.name = "undrain",
	.arguments = "NAME",
	.summary = "use a drained node again",
	.min_args = 1,
	.max_args = 1,
	.run = undrain,
};
