// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "../lib/edit.h"
#include "../lib/text.h"
#include "ctl.h"

/* @text with one more setting; frees @text. */
static char *also(struct ctl *ctl, char *text, const char *path, const char *value)
{
	char *ret;

	if (!text)
		return NULL;
	ret = rms_edit_set(text, ctl->config, path, value, &ctl->err);
	free(text);
	return ret;
}

static char *edit(struct ctl *ctl, const char *text, const struct rms_config *old, void *arg)
{
	const char *name = arg;
	char *value, *ret;

	if (!rms_config_node(old, name)) {
		rms_fail(&ctl->err, RMS_USAGE, "set-local: no node is called \"%.80s\" in %s; `ramsterctl add-node %.80s ADDRESS` adds it",
			 name, ctl->config, name);
		return NULL;
	}
	value = rms_format("\"%s\"", name);
	ret = also(ctl, rms_strdup(text), "local", value);
	free(value);
	if (ctl->allow_loss)
		ret = also(ctl, ret, "cluster.allow_loss", "true");
	if (ctl->insecure)
		ret = also(ctl, ret, "cluster.insecure", "true");
	return ret;
}

static int run(struct ctl *ctl, char **args)
{
	char done[120];

	snprintf(done, sizeof(done), "this machine is node %.80s", args[0]);
	return ctl_edit(ctl, false, edit, args[0], done);
}

static const struct ctl_option *const options[] = {
	&ctl_opt_allow_loss, &ctl_opt_insecure, &ctl_opt_file_only, NULL,
};

const struct ctl_command ctl_set_local = {
	.name = "set-local",
	.arguments = "NAME",
	.summary = "say which node this machine is",
	.help = "NAME is one of the nodes in the configuration file. The change is applied at once\n"
		"if this node is up. --allow-loss and --insecure write allow_loss = true and\n"
		"insecure = true into the file's cluster group; see ramster.conf(5) for what\n"
		"they give up.",
	.min_args = 1,
	.max_args = 1,
	.options = options,
	.run = run,
};
