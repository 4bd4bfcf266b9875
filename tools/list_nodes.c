// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"
#include "json.h"

static void print_json(const struct rms_config *cfg)
{
	size_t i;

	json_open(NULL, '{');
	json_string("cluster", cfg->cluster.name.s);
	json_string("local", cfg->local.s);
	json_open("nodes", '[');
	for (i = 0; i < cfg->nr_nodes; i++) {
		const struct rms_node *n = &cfg->nodes[i];

		json_open(NULL, '{');
		json_string("name", n->name.s);
		json_uint("num", n->num.v);
		json_string("address", n->address.s);
		json_uint("port", n->port.v);
		json_bool("local", n == rms_config_local(cfg));
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

static void print_text(const struct rms_config *cfg)
{
	size_t i;

	printf("%-16s %4s  %-39s %5s\n", "NODE", "NUM", "ADDRESS", "PORT");
	for (i = 0; i < cfg->nr_nodes; i++) {
		const struct rms_node *n = &cfg->nodes[i];

		printf("%-16s %4d  %-39s %5d%s\n", n->name.s, (int)n->num.v, n->address.s, (int)n->port.v,
		       n == rms_config_local(cfg) ? "  this machine" : "");
	}
}

static int run(struct ctl *ctl, char **args)
{
	struct rms_config *cfg = rms_config_load(ctl->config, &ctl->err);
	int ret = -1;

	(void)args;
	if (cfg && !rms_config_check(cfg, &ctl->err)) {
		if (ctl->json)
			print_json(cfg);
		else
			print_text(cfg);
		ret = 0;
	}
	rms_config_free(cfg);
	return ret;
}

const struct ctl_command ctl_list_nodes = {
	.name = "list-nodes",
	.arguments = "",
	.summary = "list the nodes that the file has",
	.run = run,
};
