// SPDX-License-Identifier: GPL-2.0-or-later
/* fuzz_netlink.c - any bytes as what the kernel says over netlink */
#include <stdint.h>

/* The parsers are its own. */
#include "../../lib/netlink.c"

static void heard(void *ctx, const struct rms_event *e)
{
	(void)ctx;
	if (!e->text)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dump nodes = { .size = sizeof(struct rms_node_status), .fill = fill_node };
	struct dump devices = { .size = sizeof(struct rms_device_status), .fill = fill_device };
	struct dump counters = { .size = sizeof(struct rms_counter) };
	struct rms_netlink nl = { .heard = heard };
	struct nlmsghdr *hdr;
	struct nl_msg *msg;

	if (size > 65536)
		return 0;
	hdr = calloc(1, NLMSG_HDRLEN + size);
	hdr->nlmsg_len = NLMSG_HDRLEN + size;
	memcpy(NLMSG_DATA(hdr), data, size);
	msg = nlmsg_convert(hdr);
	got_message(msg, &nodes);
	got_message(msg, &devices);
	got_counters(msg, &counters);
	got_event(msg, &nl);
	rms_node_status_free(nodes.items, nodes.nr);
	rms_device_status_free(devices.items, devices.nr);
	rms_counters_free(counters.items, counters.nr);
	nlmsg_free(msg);
	free(hdr);
	return 0;
}
