// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events.c - what the kernel tells of nodes and pages
 */
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#include "../kernel/include/uapi/ramster_genl.h"
#include "daemon.h"
#include "log.h"

void daemon_tell_status(struct daemon *d)
{
	struct rms_node_status *nodes;
	struct rms_netlink *nl;
	struct rms_error err;
	size_t n, i, up = 0, others = 0;

	nl = rms_netlink_open(&err);
	if (!nl)
		return;
	if (!rms_netlink_nodes(nl, &nodes, &n, &err)) {
		for (i = 0; i < n; i++) {
			others += !nodes[i].local;
			up += !nodes[i].local && nodes[i].state == RAMSTER_NODE_UP;
		}
		sd_notifyf(0, "STATUS=node %s of cluster %s; %zu of %zu other nodes up", d->cfg->local.s,
			   d->cfg->cluster.name.s, up, others);
		rms_node_status_free(nodes, n);
	}
	rms_netlink_close(nl);
}

static int priority_of(const struct rms_event *e)
{
	switch (e->kind) {
	case RAMSTER_EVENT_NODE_STATE:
		return e->state == RAMSTER_NODE_DOWN || e->state == RAMSTER_NODE_SUSPECT ? LOG_WARNING : LOG_NOTICE;
	case RAMSTER_EVENT_PAGE_LOST:
		return LOG_ERR;
	case RAMSTER_EVENT_OWNER_BACK:
	case RAMSTER_EVENT_RECALL:
	case RAMSTER_EVENT_RECALLED:
		return LOG_NOTICE;
	default:
		return LOG_WARNING;
	}
}

static void heard(void *ctx, const struct rms_event *e)
{
	(void)ctx;
	log_line(priority_of(e), "%s", e->text);
}

static int on_netlink(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct daemon *d = userdata;
	int ret = rms_netlink_dispatch(d->events);

	(void)fd, (void)revents;
	if (ret > 0)
		log_line(LOG_NOTICE, "events came too fast, some are not logged; `ramsterctl status` has the truth");
	if (ret < 0) {
		log_line(LOG_WARNING, "the kernel's events cannot be heard any more");
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
	}
	if (!d->stopping)
		daemon_tell_status(d);
	return 0;
}

void daemon_watch_events(struct daemon *d)
{
	struct rms_error err;
	int fd = -1;

	if (d->host.stand_in)
		return;
	d->events = rms_netlink_open(&err);
	if (d->events)
		fd = rms_netlink_subscribe(d->events, heard, d, &err);
	if (fd < 0 || sd_event_add_io(d->event, &d->events_source, fd, EPOLLIN, on_netlink, d) < 0)
		log_line(LOG_WARNING, "node events will not be logged: %s", fd < 0 ? err.text : "no event source");
}
