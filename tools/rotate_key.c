// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "../lib/key.h"
#include "ctl.h"
#include "json.h"

static int run(struct ctl *ctl, char **args)
{
	const char *path = args[0] ? args[0] : RMS_KEY_PATH;
	struct rms_patience patience = ctl_patience(ctl);

	if (rms_key_rotate(path, ctl->finish, &patience, &ctl->err))
		return -1;
	if (ctl->json) {
		json_open(NULL, '{');
		json_string("key_file", path);
		json_bool("finished", ctl->finish);
		json_close('}');
	} else if (ctl->finish) {
		printf("%s: the old key is gone; copy the file to every node and reload each\n", path);
	} else {
		printf("%s: a new key, and the old one accepted; copy the file to every node and reload each\n"
		       "(`systemctl reload ramsterd`), then `ramsterctl rotate-key --finish`\n", path);
	}
	return 0;
}

static const struct ctl_option *const options[] = { &ctl_opt_finish, NULL };

const struct ctl_command ctl_rotate_key = {
	.name = "rotate-key",
	.arguments = "[FILE]",
	.summary = "replace the cluster key, without an interruption",
	.help = "Puts a new key into FILE (default " RMS_KEY_PATH ") before the old one, which is still\n"
		"accepted. When every node has that file and has reloaded it, --finish takes the old key\n"
		"away; copy and reload once more. Connections made with the old key then end, and come\n"
		"back at once with the new one.",
	.max_args = 1,
	.options = options,
	.run = run,
};
