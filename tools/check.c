// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "../lib/text.h"
#include "ctl.h"
#include "json.h"

/* How the pages of a device outlive a node. */
static const char *safety(const struct rms_config *cfg, const struct rms_device *dev)
{
	if (rms_device_is_backed(dev))
		return "every page is on the backing device, too";
	if (rms_device_may_lose(cfg, dev))
		return "one failing node can lose pages (allow_loss)";
	if (rms_device_replicas(cfg, dev) > 1 && cfg->nr_nodes > 1)
		return "every remote page is on two nodes or more";
	return "pages stay on this machine";
}

static void print_text(const struct rms_config *cfg)
{
	char size[32];
	size_t i;

	printf("%s: good: cluster %s, %zu node%s", cfg->path, cfg->cluster.name.s, cfg->nr_nodes,
	       cfg->nr_nodes == 1 ? "" : "s");
	if (cfg->local.s)
		printf(", this machine is %s", cfg->local.s);
	printf("\n");
	for (i = 0; i < cfg->nr_devices; i++) {
		const struct rms_device *d = &cfg->devices[i];

		printf("%s: %s, %s%s: %s\n", d->name.s,
		       d->size.v ? rms_format_size(d->size.v, size, sizeof(size)) :
		       d->backing.s ? "as large as its disk" : "as large as RAM",
		       d->backing.s ? "backed by " : "no backing device", d->backing.s ? d->backing.s : "",
		       safety(cfg, d));
	}
	if (!cfg->nr_devices)
		printf("no device: this node lends memory and borrows none\n");
}

static void print_json(const struct rms_config *cfg, const struct rms_error *err)
{
	json_open(NULL, '{');
	json_bool("valid", cfg);
	json_string("error", cfg ? NULL : err->text);
	if (cfg) {
		json_string("cluster", cfg->cluster.name.s);
		json_string("local", cfg->local.s);
		json_uint("nodes", cfg->nr_nodes);
		json_uint("devices", cfg->nr_devices);
		if (cfg->nr_devices)
			json_uint("replicas", rms_device_replicas(cfg, &cfg->devices[0]));
	}
	json_close('}');
}

static int run(struct ctl *ctl, char **args)
{
	struct rms_config *cfg = rms_config_load(ctl->config, &ctl->err);
	int ret = -1;

	(void)args;
	if (cfg && ctl->file_only)
		ret = rms_config_check(cfg, &ctl->err) || rms_config_check_ready(cfg, &ctl->err) ? -1 : 0;
	else if (cfg)
		ret = rms_preflight(&ctl->host, cfg, &ctl->err);
	if (ctl->json)
		print_json(ret ? NULL : cfg, &ctl->err);
	else if (!ret)
		print_text(cfg);
	rms_config_free(cfg);
	return ret;
}

static const struct ctl_option *const options[] = { &ctl_opt_file_only, NULL };

const struct ctl_command ctl_check = {
	.name = "check",
	.arguments = "",
	.summary = "check the configuration file",
	.help = "Checks the file, the key file and the backing devices as `up` would, and changes\n"
		"nothing. With --file-only, only the file is looked at.",
	.options = options,
	.run = run,
};
