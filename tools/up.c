// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"
#include "json.h"

static int run(struct ctl *ctl, char **args)
{
	struct rms_config *cfg = rms_config_load(ctl->config, &ctl->err);
	struct rms_bring b = ctl_bring(ctl);
	int ret;

	(void)args;
	b.undrain = true;
	ret = cfg ? rms_up(&b, cfg, &ctl->err) : -1;
	if (!ret && ctl->json) {
		json_open(NULL, '{');
		json_bool("running", true);
		json_string("cluster", cfg->cluster.name.s);
		json_string("local", cfg->local.s);
		json_close('}');
	} else if (!ret) {
		printf("cluster %s is up, this machine is node %s\n", cfg->cluster.name.s, cfg->local.s);
	}
	rms_config_free(cfg);
	return ret;
}

static const struct ctl_option *const options[] = {
	&ctl_opt_force_loss, &ctl_opt_module_dir, NULL,
};

const struct ctl_command ctl_up = {
	.name = "up",
	.arguments = "",
	.summary = "start this node, or apply a changed file",
	.help = "Loads the modules, joins the cluster, makes the devices and swaps on: the same as\n"
		"ramsterd does, for machines where it does not run. On a node that is up, only\n"
		"what differs from the file is changed, and no node is drained any more. If a step\n"
		"fails, all are taken back.",
	.options = options,
	.run = run,
};
