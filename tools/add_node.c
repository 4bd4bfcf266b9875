// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/address.h"
#include "../lib/edit.h"
#include "../lib/text.h"
#include "ctl.h"

struct request {
	const char *name;
	char *address;
	int64_t num, port;	/* num -1: choose */
	char done[160];
};

static int64_t free_number(const struct rms_config *cfg)
{
	bool used[RMS_NODE_NUM_MAX + 1] = { false };
	size_t i;

	for (i = 0; i < cfg->nr_nodes; i++)
		used[cfg->nodes[i].num.v] = true;
	for (i = 0; i <= RMS_NODE_NUM_MAX; i++)
		if (!used[i])
			return i;
	return -1;
}

/* Said of the file as it is; a check of the new text would name lines of that. */
static int check_new(struct ctl *ctl, const struct rms_config *old, const struct request *r)
{
	size_t i;

	for (i = 0; i < old->nr_nodes; i++) {
		const struct rms_node *n = &old->nodes[i];

		if (!strcmp(n->name.s, r->name))
			return rms_fail(&ctl->err, RMS_USAGE, "add-node: node \"%s\" is there already (%s:%u); choose another name, or remove-node it first",
					r->name, ctl->config, n->line);
		if (n->num.v == r->num)
			return rms_fail(&ctl->err, RMS_USAGE, "add-node: number %d is node \"%s\"'s (%s:%u); choose another one",
					(int)r->num, n->name.s, ctl->config, n->num.line);
		if (!strcmp(n->address.s, r->address) && n->port.v == r->port)
			return rms_fail(&ctl->err, RMS_USAGE, "add-node: address %s port %d is node \"%s\"'s (%s:%u); choose another one",
					r->address, (int)r->port, n->name.s, ctl->config, n->address.line);
	}
	return 0;
}

static char *edit(struct ctl *ctl, const char *text, const struct rms_config *old, void *arg)
{
	struct request *r = arg;

	if (r->num < 0)
		r->num = free_number(old);
	if (r->num < 0) {
		rms_fail(&ctl->err, RMS_FAILED, "all %d node numbers are in use", RMS_NODE_NUM_MAX + 1);
		return NULL;
	}
	if (check_new(ctl, old, r))
		return NULL;
	snprintf(r->done, sizeof(r->done), "node %s added as number %d", r->name, (int)r->num);
	return rms_edit_add_node(text, ctl->config, r->name, r->num, r->address, r->port, &ctl->err);
}

static int run(struct ctl *ctl, char **args)
{
	struct request r = { .name = args[0], .num = -1, .port = RMS_PORT };
	const char *why;
	int ret;

	if (!rms_name_ok(r.name))
		return rms_fail(&ctl->err, RMS_USAGE, "add-node: name \"%.80s\"; it must be 1 to %d letters, digits, '_', '.' or '-'",
				r.name, RMS_NAME_MAX);
	if (ctl->num && !rms_parse_int(ctl->num, 0, RMS_NODE_NUM_MAX, &r.num))
		return rms_fail(&ctl->err, RMS_USAGE, "add-node: --num %.40s; it must be from 0 to %d", ctl->num,
				RMS_NODE_NUM_MAX);
	if (ctl->port && !rms_parse_int(ctl->port, 1, 65535, &r.port))
		return rms_fail(&ctl->err, RMS_USAGE, "add-node: --port %.40s; it must be from 1 to 65535", ctl->port);
	r.address = rms_address_canonical(args[1], &why);
	if (!r.address)
		return rms_fail(&ctl->err, RMS_USAGE, "add-node: address \"%.80s\" %s", args[1], why);
	ret = ctl_edit(ctl, true, edit, &r, r.done);
	free(r.address);
	return ret;
}

static const struct ctl_option *const options[] = {
	&ctl_opt_num, &ctl_opt_port, &ctl_opt_file_only, NULL,
};

const struct ctl_command ctl_add_node = {
	.name = "add-node",
	.arguments = "NAME ADDRESS",
	.summary = "add a node to the cluster",
	.help = "The node is added to the configuration file, which is made if there is none, and\n"
		"to the running cluster if this node is up. Every node needs the same nodes with\n"
		"the same numbers: give the same commands in the same order everywhere, or copy\n"
		"the file and say `ramsterctl set-local` on each node.\n"
		"ADDRESS is a numeric IPv4 or IPv6 address.",
	.min_args = 2,
	.max_args = 2,
	.options = options,
	.run = run,
};
