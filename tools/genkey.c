// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "../lib/key.h"
#include "ctl.h"
#include "json.h"

static int run(struct ctl *ctl, char **args)
{
	const char *path = args[0] ? args[0] : RMS_KEY_PATH;
	struct rms_patience patience = ctl_patience(ctl);

	if (rms_key_generate(path, ctl->force, &patience, &ctl->err))
		return -1;
	if (ctl->json) {
		json_open(NULL, '{');
		json_string("key_file", path);
		json_close('}');
	} else {
		printf("%s: new cluster key; copy the file to every node, mode 0600\n", path);
	}
	return 0;
}

static const struct ctl_option *const options[] = { &ctl_opt_force_replace, NULL };

const struct ctl_command ctl_genkey = {
	.name = "genkey",
	.arguments = "[FILE]",
	.summary = "make a cluster key",
	.help = "Writes 256 random bits to FILE (default " RMS_KEY_PATH "), which only its owner\n"
		"can read. All nodes of a cluster share one key.",
	.max_args = 1,
	.options = options,
	.run = run,
};
