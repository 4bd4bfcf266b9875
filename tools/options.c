// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options.c - the options of the subcommands, and reading a command line
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/text.h"
#include "ctl.h"

#define AT(field) offsetof(struct ctl, field)

/* Every command takes these, and they may stand before it. */
static const struct ctl_option globals[] = {
	{ "json", NULL, "print JSON", AT(json) },
	{ "config", "FILE", "the configuration file (default " RMS_CONFIG_PATH ")", AT(config) },
};

const struct ctl_option ctl_opt_force_loss = {
	"force", NULL, "do it though pages without another copy may be lost", AT(force),
};
const struct ctl_option ctl_opt_force_memory = {
	"force", NULL, "do it though pages of others may be lost, or programs be killed for memory", AT(force),
};
const struct ctl_option ctl_opt_force_replace = {
	"force", NULL, "replace a key that is there; every node then needs the new one", AT(force),
};
const struct ctl_option ctl_opt_finish = {
	"finish", NULL, "every node has the new key: take the old one away", AT(finish),
};
const struct ctl_option ctl_opt_file_only = {
	"file-only", NULL, "only the file: leave the running node and this machine alone", AT(file_only),
};
const struct ctl_option ctl_opt_allow_loss = {
	"allow-loss", NULL, "accept that one failing node can lose pages", AT(allow_loss),
};
const struct ctl_option ctl_opt_insecure = {
	"insecure", NULL, "do without a cluster key, in a network that nobody else can reach", AT(insecure),
};
const struct ctl_option ctl_opt_unload = {
	"unload", NULL, "unload the kernel modules, too", AT(unload),
};
const struct ctl_option ctl_opt_num = {
	"num", "N", "the node's number, 0 to 1023 (default: the least that is free)", AT(num),
};
const struct ctl_option ctl_opt_port = {
	"port", "PORT", "the node's TCP port (default 7777)", AT(port),
};
const struct ctl_option ctl_opt_timeout = {
	"timeout", "SECONDS", "how long to wait for pages to move; 0: as long as it takes", AT(timeout),
};
const struct ctl_option ctl_opt_module_dir = {
	"module-dir", "DIR", "load the modules from DIR, not with modprobe", AT(module_dir),
};

static bool is_called(const struct ctl_option *o, const char *name, size_t len)
{
	return !strncmp(o->name, name, len) && !o->name[len];
}

static const struct ctl_option *find(const struct ctl_command *cmd, const char *name, size_t len)
{
	const struct ctl_option *const *o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(globals); i++)
		if (is_called(&globals[i], name, len))
			return &globals[i];
	for (o = cmd ? cmd->options : NULL; o && *o; o++)
		if (is_called(*o, name, len))
			return *o;
	return NULL;
}

static int usage(struct ctl *ctl, const struct ctl_command *cmd, const char *what, const char *word)
{
	if (!cmd)
		return rms_fail(&ctl->err, RMS_USAGE, "%s %.60s before the command; options of a command come after it: `ramsterctl --help`",
				what, word);
	return rms_fail(&ctl->err, RMS_USAGE, "%s: %s%s%s; usage: ramsterctl %s%s%s (see `ramsterctl %s --help`)",
			cmd->name, what, word ? " " : "", word ? word : "", cmd->name,
			*cmd->arguments ? " " : "", cmd->arguments, cmd->name);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static bool asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* The option that @argv begins with: how many words it is, or -1. @cmd NULL: none yet. */
static int take_option(struct ctl *ctl, const struct ctl_command *cmd, int argc, char **argv)
{
	const char *word = argv[0], *eq = strchr(word, '=');
	const struct ctl_option *o;

	o = word[1] != '-' ? NULL : find(cmd, word + 2, eq ? (size_t)(eq - word - 2) : strlen(word + 2));
	if (!o)
		return usage(ctl, cmd, "unknown option", word);
	if (!o->metavar && eq)
		return usage(ctl, cmd, "no value belongs to", word);
	if (!o->metavar) {
		*(bool *)((char *)ctl + o->offset) = true;
		return 1;
	}
	if (!eq && argc == 1)
		return usage(ctl, cmd, "a value is missing after", word);
	*(const char **)((char *)ctl + o->offset) = eq ? eq + 1 : argv[1];
	return eq ? 1 : 2;
}

int ctl_parse_first(struct ctl *ctl, int argc, char **argv)
{
	int i = 0, n;

	while (i < argc && is_option(argv[i]) && !asks_for_help(argv[i]) && strcmp(argv[i], "--version")) {
		n = take_option(ctl, NULL, argc - i, argv + i);
		if (n < 0)
			return -1;
		i += n;
	}
	return i;
}

int ctl_parse(struct ctl *ctl, const struct ctl_command *cmd, int argc, char **argv, bool *help)
{
	bool only_args = false;
	int i, n = 0, taken;

	*help = false;
	for (i = 0; i < argc; i += taken) {
		taken = 1;
		if (only_args || !is_option(argv[i])) {
			argv[n++] = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			only_args = true;
		} else if (asks_for_help(argv[i])) {
			*help = true;
			return 0;
		} else {
			taken = take_option(ctl, cmd, argc - i, argv + i);
			if (taken < 0)
				return -1;
		}
	}
	argv[n] = NULL;
	if (n < cmd->min_args)
		return usage(ctl, cmd, "an argument is missing", NULL);
	if (n > cmd->max_args)
		return usage(ctl, cmd, "one argument too many:", argv[cmd->max_args]);
	return 0;
}

int ctl_timeout(struct ctl *ctl, int otherwise)
{
	char *end;
	long v;

	if (!ctl->timeout)
		return otherwise;
	v = strtol(ctl->timeout, &end, 10);
	if (end == ctl->timeout || *end || v < 0 || v > 86400)
		return rms_fail(&ctl->err, RMS_USAGE, "--timeout %.40s; it must be from 0 to 86400 seconds", ctl->timeout);
	return v;
}

static void help_option(const struct ctl_option *o)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
	printf("  %-18s %s\n", left, o->help);
}

void ctl_help(const struct ctl_command *cmd)
{
	const struct ctl_option *const *o;
	size_t i;

	printf("usage: ramsterctl %s%s%s [options]\n\n%c%s.\n", cmd->name, *cmd->arguments ? " " : "",
	       cmd->arguments, toupper((unsigned char)cmd->summary[0]), cmd->summary + 1);
	if (cmd->help)
		printf("\n%s\n", cmd->help);
	printf("\noptions:\n");
	for (o = cmd->options; o && *o; o++)
		help_option(*o);
	for (i = 0; i < ARRAY_LEN(globals); i++)
		help_option(&globals[i]);
	printf("  %-18s %s\n", "--help", "this text");
}
