/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - what the subcommands of ramsterctl share
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "../lib/bring.h"
#include "../lib/config.h"
#include "../lib/error.h"
#include "../lib/host.h"
#include "../lib/lock.h"

/* The command line, and what every command works on. */
struct ctl {
	const char *config;
	bool json;
	bool force;
	bool finish;
	bool file_only;
	bool allow_loss;
	bool insecure;
	bool unload;
	int move_s;		/* see struct rms_bring */
	const char *num;
	const char *port;
	const char *timeout;
	const char *module_dir;
	struct rms_host host;
	struct rms_error err;
};

/* An option; which commands take it is a matter of their tables, but all take --config and --json. */
struct ctl_option {
	const char *name;
	const char *metavar;	/* NULL: a switch */
	const char *help;
	size_t offset;		/* in struct ctl: of a bool, or of a const char * */
};

struct ctl_command {
	const char *name;
	const char *arguments;	/* "NAME ADDRESS"; [FILE] if it may be left out */
	const char *summary;	/* one line */
	const char *help;	/* what else there is to say */
	int min_args, max_args;
	const struct ctl_option *const *options;	/* ends with NULL; NULL: none of its own */
	/* Return: 0, or -1 with ctl->err filled. */
	int (*run)(struct ctl *ctl, char **args);
};

extern const struct ctl_option ctl_opt_force_loss, ctl_opt_force_memory, ctl_opt_force_replace,
	ctl_opt_file_only, ctl_opt_allow_loss, ctl_opt_insecure, ctl_opt_finish, ctl_opt_unload,
	ctl_opt_num, ctl_opt_port, ctl_opt_timeout, ctl_opt_module_dir;

extern const struct ctl_command ctl_add_node, ctl_remove_node, ctl_set_local, ctl_list_nodes,
	ctl_check, ctl_up, ctl_down, ctl_drain, ctl_undrain, ctl_status, ctl_stats, ctl_genkey, ctl_rotate_key;

/**
 * ctl_parse_first() - read the options before the command
 * @ctl: where they go
 * @argc: words of the command line, without the program's name
 * @argv: the words
 *
 * Return: how many words they are, up to the command, --help or --version; or -1 with
 * ctl->err filled.
 */
int ctl_parse_first(struct ctl *ctl, int argc, char **argv);

/**
 * ctl_parse() - read the options and arguments of a command
 * @ctl: where the options go
 * @cmd: the command
 * @argc: words that follow the command's name
 * @argv: the words; arguments are moved to the front
 * @help: set if --help was asked for
 *
 * Return: 0, or -1 with ctl->err filled.
 */
int ctl_parse(struct ctl *ctl, const struct ctl_command *cmd, int argc, char **argv, bool *help);

/* Print the help of a command. */
void ctl_help(const struct ctl_command *cmd);

/**
 * ctl_edit() - change the configuration file, and the kernel if the node is up
 * @ctl: the command line
 * @make: start a new file if there is none
 * @edit: gives the new text for the old one (parsed as @old), or NULL with
 *	ctl->err filled
 * @arg: for @edit
 * @done: what was done, for people: "node b added as number 1"
 *
 * The new text is parsed and checked, applied if the node is up, and written;
 * if one of these fails, nothing has changed.
 *
 * Return: 0, or -1 with ctl->err filled.
 */
int ctl_edit(struct ctl *ctl, bool make,
	     char *(*edit)(struct ctl *ctl, const char *text, const struct rms_config *old, void *arg),
	     void *arg, const char *done);

/* The --timeout option, or @otherwise. -1: not a number, and ctl->err is filled. */
int ctl_timeout(struct ctl *ctl, int otherwise);

/* How bring.h's functions are to work for this command line. */
struct rms_bring ctl_bring(struct ctl *ctl);

/* How to wait for another command that changes the same file. */
struct rms_patience ctl_patience(struct ctl *ctl);

#endif
