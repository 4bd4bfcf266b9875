// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/netlink.h"
#include "../lib/text.h"
#include "ctl.h"
#include "json.h"

struct picture {
	char *cluster;
	struct rms_node_status *nodes;
	size_t nr_nodes;
	struct rms_device_status *devices;
	size_t nr_devices;
};

static const char *state_of(const struct rms_node_status *n)
{
	return n->local ? "local" : rms_node_state_name(n->state);
}

/* The state, and what else is going on, in one column. */
static const char *text_of(const struct rms_node_status *n, char *buf, size_t len)
{
	const char *more = n->drain ? ", drained" : n->recalling ? ", recalling" : "";

	if (n->away)
		snprintf(buf, len, "%s, frees in %us", state_of(n), n->grace_s);
	else
		snprintf(buf, len, "%s%s", state_of(n), more);
	return buf;
}

static void json_node(const struct rms_node_status *n)
{
	json_open(NULL, '{');
	json_string("name", n->name);
	json_uint("num", n->num);
	json_string("address", n->address);
	json_uint("port", n->port);
	json_bool("local", n->local);
	json_string("state", state_of(n));
	json_bool("drain", n->drain);
	json_bool("recalling", n->recalling);
	json_bool("away", n->away);
	if (n->away)
		json_uint("grace_s", n->grace_s);
	json_string("incarnation", n->incarnation);
	json_uint("room", n->room);
	json_uint("pages_remote", n->remote);
	json_uint("pages_lent", n->lent);
	json_close('}');
}

static void json_device(const struct rms_device_status *d)
{
	json_open(NULL, '{');
	json_string("name", d->name);
	json_uint("slots", d->slots);
	json_uint("used", d->used);
	json_uint("local", d->local);
	json_uint("in_flight", d->in_flight);
	json_uint("remote", d->remote);
	json_uint("backing", d->backing);
	json_uint("freed", d->freed);
	json_string("backing_path", d->backing_path);
	json_close('}');
}

static void print_json(const struct picture *p)
{
	size_t i;

	json_open(NULL, '{');
	json_bool("running", p->cluster);
	json_string("cluster", p->cluster);
	json_open("nodes", '[');
	for (i = 0; i < p->nr_nodes; i++)
		json_node(&p->nodes[i]);
	json_close(']');
	json_open("devices", '[');
	for (i = 0; i < p->nr_devices; i++)
		json_device(&p->devices[i]);
	json_close(']');
	json_close('}');
}

static const char *pages(uint64_t n, char *buf, size_t len)
{
	return n > UINT64_MAX / RMS_PAGE_SIZE ? "?" : rms_format_size(n * RMS_PAGE_SIZE, buf, len);
}

static void print_text(const struct picture *p)
{
	char a[16], b[16], c[16], d[16], e[16], f[16];
	size_t i;

	printf("cluster %s\n\n%-16s %4s  %-26s %-16s %8s %8s %8s\n", p->cluster, "NODE", "NUM", "ADDRESS", "STATE",
	       "ROOM", "THERE", "HERE");
	for (i = 0; i < p->nr_nodes; i++) {
		const struct rms_node_status *n = &p->nodes[i];
		char at[64], state[48];

		snprintf(at, sizeof(at), strchr(n->address, ':') ? "[%.45s]:%u" : "%.45s:%u", n->address, n->port);
		printf("%-16s %4u  %-26s %-16s %8s %8s %8s\n", n->name, n->num, at, text_of(n, state, sizeof(state)),
		       n->local ? "-" : pages(n->room, a, sizeof(a)), n->local ? "-" : pages(n->remote, b, sizeof(b)),
		       n->local ? "-" : pages(n->lent, c, sizeof(c)));
	}
	printf("\n%-16s %8s %8s %8s %8s %8s %8s  %s\n", "DEVICE", "SIZE", "USED", "LOCAL", "MOVING", "REMOTE",
	       "DISK", "BACKING");
	for (i = 0; i < p->nr_devices; i++) {
		const struct rms_device_status *s = &p->devices[i];

		printf("%-16s %8s %8s %8s %8s %8s %8s  %s\n", s->name, pages(s->slots, a, sizeof(a)),
		       pages(s->used, b, sizeof(b)), pages(s->local, c, sizeof(c)),
		       pages(s->in_flight, d, sizeof(d)), pages(s->remote, e, sizeof(e)),
		       pages(s->backing, f, sizeof(f)), s->backing_path ? s->backing_path : "none");
	}
}

static int look(struct ctl *ctl, struct picture *p)
{
	struct rms_netlink *nl;
	int ret = -1;

	p->cluster = rms_host_cluster(&ctl->host);
	if (!p->cluster)
		return rms_fail(&ctl->err, RMS_NOT_RUNNING, "RAMster is not running here; `ramsterctl up` starts it, or `systemctl start ramsterd`");
	nl = rms_netlink_open(&ctl->err);
	if (!nl)
		return -1;
	if (!rms_netlink_nodes(nl, &p->nodes, &p->nr_nodes, &ctl->err) &&
	    !rms_netlink_devices(nl, &p->devices, &p->nr_devices, &ctl->err))
		ret = 0;
	rms_netlink_close(nl);
	return ret;
}

static int run(struct ctl *ctl, char **args)
{
	struct picture p = { 0 };
	int ret = look(ctl, &p);

	(void)args;
	if (ctl->json && (!ret || ctl->err.kind == RMS_NOT_RUNNING))
		print_json(&p);
	else if (!ret)
		print_text(&p);
	free(p.cluster);
	rms_node_status_free(p.nodes, p.nr_nodes);
	rms_device_status_free(p.devices, p.nr_devices);
	return ret;
}

const struct ctl_command ctl_status = {
	.name = "status",
	.arguments = "",
	.summary = "show the nodes and where pages lie",
	.help = "STATE: drained: taken out of use by `ramsterctl drain`; recalling: taking its RAM\n"
		"back; frees in: it has no connection here, and its pages are freed then.\n"
		"ROOM: what the node still takes. THERE: our pages that lie there. HERE: its pages\n"
		"that lie here. LOCAL: in this node's compressed cache. MOVING: on the way to\n"
		"another node. REMOTE: on other nodes. DISK: on the backing device only. Sizes\n"
		"are of uncompressed pages; --json counts pages of 4096 bytes.",
	.run = run,
};
