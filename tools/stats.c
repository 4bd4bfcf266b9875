// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../lib/netlink.h"
#include "ctl.h"
#include "json.h"

static void print_json(const struct rms_counter *c, size_t n)
{
	const char *group = NULL;
	size_t i;

	json_open(NULL, '{');
	for (i = 0; i < n; i++) {
		if (!group || strcmp(group, c[i].group)) {
			if (group)
				json_close('}');
			group = c[i].group;
			json_open(group, '{');
		}
		json_uint(c[i].name, c[i].value);
	}
	if (group)
		json_close('}');
	json_close('}');
}

static void print_text(const struct rms_counter *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		printf("%s.%s %" PRIu64 "\n", c[i].group, c[i].name, c[i].value);
}

/* Keep only the counters of one group; those that go are freed by their owner. */
static size_t select_group(struct rms_counter *c, size_t n, const char *group)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (!strcmp(c[i].group, group)) {
			struct rms_counter swap = c[kept];

			c[kept++] = c[i];
			c[i] = swap;
		}
	}
	return kept;
}

static int run(struct ctl *ctl, char **args)
{
	struct rms_counter *counters;
	struct rms_netlink *nl;
	size_t n, shown;
	int ret;

	nl = rms_netlink_open(&ctl->err);
	if (!nl)
		return -1;
	ret = rms_netlink_counters(nl, &counters, &n, &ctl->err);
	rms_netlink_close(nl);
	if (ret)
		return -1;
	shown = args[0] ? select_group(counters, n, args[0]) : n;
	if (args[0] && !shown)
		ret = rms_fail(&ctl->err, RMS_USAGE, "stats: no group is called \"%.60s\"; there are tmem, frontswap, zcache, zbud and ramster",
			       args[0]);
	else if (ctl->json)
		print_json(counters, shown);
	else
		print_text(counters, shown);
	rms_counters_free(counters, n);
	return ret;
}

const struct ctl_command ctl_stats = {
	.name = "stats",
	.arguments = "[GROUP]",
	.summary = "show the counters",
	.help = "One `group.name value` a line. GROUP is tmem, frontswap, zcache, zbud or ramster.",
	.max_args = 1,
	.run = run,
};
