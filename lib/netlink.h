/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.h - what the kernel says of nodes, devices and counters, and its events
 */
#ifndef RMS_NETLINK_H
#define RMS_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct rms_netlink;

struct rms_node_status {
	char *name, *address;
	char *incarnation;	/* NULL: not known */
	uint32_t num, port;
	uint32_t state;		/* enum ramster_node_state */
	bool local;
	bool drain;		/* it is taken out of use */
	bool recalling;		/* it is taking its RAM back */
	bool away;		/* as an owner */
	uint32_t grace_s;	/* then: until its pages here are freed */
	uint64_t room;		/* pages it still takes */
	uint64_t remote;	/* our pages that lie there */
	uint64_t lent;		/* its pages that lie here */
};

/* Of one device, in pages. */
struct rms_device_status {
	char *name;
	char *backing_path;	/* NULL: none */
	uint64_t slots, used, local, in_flight, remote, backing, freed;
};

struct rms_counter {
	char *group, *name;
	uint64_t value;
};

struct rms_event {
	uint32_t kind;		/* enum ramster_event */
	const char *text;	/* one line for people; never NULL */
	const char *node;	/* NULL: none */
	uint32_t state;		/* of the node, if there is one */
};

/* "up", "suspect", ... for enum ramster_node_state. */
const char *rms_node_state_name(uint32_t state);

/**
 * rms_netlink_open() - talk to ramster.ko
 * @err: RMS_NOT_RUNNING if it is not loaded
 *
 * Return: a connection for rms_netlink_close(), or NULL.
 */
struct rms_netlink *rms_netlink_open(struct rms_error *err);
void rms_netlink_close(struct rms_netlink *nl);

/*
 * The three dumps: 0 and an array of @n for the matching _free(), or -1.
 */
int rms_netlink_nodes(struct rms_netlink *nl, struct rms_node_status **nodes, size_t *n, struct rms_error *err);
int rms_netlink_devices(struct rms_netlink *nl, struct rms_device_status **devices, size_t *n, struct rms_error *err);
int rms_netlink_counters(struct rms_netlink *nl, struct rms_counter **counters, size_t *n, struct rms_error *err);
void rms_node_status_free(struct rms_node_status *nodes, size_t n);
void rms_device_status_free(struct rms_device_status *devices, size_t n);
void rms_counters_free(struct rms_counter *counters, size_t n);

/**
 * rms_netlink_subscribe() - hear of events
 * @nl: a connection, which is for events only from now on
 * @heard: called for each event from rms_netlink_dispatch()
 * @ctx: its argument
 * @err: what went wrong
 *
 * Return: a non-blocking descriptor to poll, which stays @nl's; or -1.
 */
int rms_netlink_subscribe(struct rms_netlink *nl, void (*heard)(void *ctx, const struct rms_event *event),
			  void *ctx, struct rms_error *err);

/**
 * rms_netlink_dispatch() - read the events that are there
 * @nl: a subscribed connection
 *
 * Return: 0; 1 if some were lost because they came too fast; -1 if the
 * connection is of no use any more.
 */
int rms_netlink_dispatch(struct rms_netlink *nl);

/* See struct rms_host_ops. */
struct rms_node_pages;
int rms_netlink_node_pages(const char *node, struct rms_node_pages *pages, struct rms_error *err);

#endif
