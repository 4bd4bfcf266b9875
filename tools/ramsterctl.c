// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ramsterctl.c - the subcommands, and which one it is
 */
#include <stdio.h>
#include <string.h>

#include "../lib/privileges.h"
#include "../lib/text.h"
#include "ctl.h"

static const struct ctl_command *const commands[] = {
	&ctl_add_node, &ctl_remove_node, &ctl_set_local, &ctl_list_nodes, &ctl_check,
	&ctl_up, &ctl_down, &ctl_drain, &ctl_undrain, &ctl_status, &ctl_stats, &ctl_genkey,
	&ctl_rotate_key,
};

static void help(void)
{
	size_t i;

	printf("usage: ramsterctl [--config FILE] [--json] COMMAND [arguments] [options]\n\n"
	       "Set up and look at RAMster: the RAM of a cluster as one swap tier.\n\n");
	for (i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-12s %-16s %s\n", commands[i]->name, commands[i]->arguments, commands[i]->summary);
	printf("\n`ramsterctl COMMAND --help` says more; so does ramsterctl(8).\n"
	       "exit codes: 0 done, 1 the system refused, 2 wrong command line,\n"
	       "            3 wrong configuration, 4 RAMster is not running here\n");
}

static const struct ctl_command *find(const char *name, struct rms_error *err)
{
	const char *names[ARRAY_LEN(commands)], *near;
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		names[i] = commands[i]->name;
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	}
	near = rms_nearest(name, names, ARRAY_LEN(commands));
	if (near)
		rms_fail(err, RMS_USAGE, "unknown command %.60s; did you mean %s?", name, near);
	else
		rms_fail(err, RMS_USAGE, "unknown command %.60s; `ramsterctl --help` lists them", name);
	return NULL;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *cmd = find(argv[0], &ctl->err);
	bool want_help;
	int ret;

	if (!cmd || ctl_parse(ctl, cmd, argc - 1, argv + 1, &want_help))
		return -1;
	if (want_help) {
		ctl_help(cmd);
		return 0;
	}
	rms_host_init(&ctl->host);
	if (ctl->module_dir)
		ctl->host.module_dir = rms_strdup(ctl->module_dir);
	ret = cmd->run(ctl, argv + 1);
	rms_host_release(&ctl->host);
	return ret;
}

/* The words after the program's name. */
static int read_words(struct ctl *ctl, int argc, char **argv)
{
	int first = ctl_parse_first(ctl, argc, argv);

	if (first < 0)
		return -1;
	argc -= first;
	argv += first;
	if (!argc)
		return rms_fail(&ctl->err, RMS_USAGE, "a command is missing; `ramsterctl --help` lists them");
	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h") || !strcmp(argv[0], "help"))
		help();
	else if (!strcmp(argv[0], "--version"))
		printf("ramsterctl %s\n", RAMSTER_VERSION);
	else
		return run(ctl, argc, argv);
	return 0;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .config = RMS_CONFIG_PATH };

	rms_hide_memory();
	if (argc < 2) {
		help();
		return RMS_USAGE;
	}
	if (!read_words(&ctl, argc - 1, argv + 1)) {
		if (!fflush(stdout) && !ferror(stdout))
			return RMS_OK;
		rms_fail(&ctl.err, RMS_FAILED, "cannot write to standard output");
	}
	fflush(stdout);
	fprintf(stderr, "ramsterctl: %s\n", ctl.err.text);
	return ctl.err.kind;
}
