// SPDX-License-Identifier: GPL-2.0
/* nm_refuse.c - numbers out of configfs, and the one line that a refusal leaves in the log */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "nm.h"

#define TYPED_MAX	80

/**
 * nm_refuse - say why something written is refused
 * @item: whose attribute, or below which
 * @attr: which, or the name of what was to be made
 * @err:  the answer
 * @fmt:  what is wrong and what would be right
 *
 * Context: process.
 * Return: @err.
 */
int nm_refuse(const struct config_item *item, const char *attr, int err, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_err("%s/%s: %pV\n", config_item_name((struct config_item *)item), attr, &vaf);
	va_end(args);
	return err;
}

/* Changes take more than a file that can be written: 0, or -EPERM after a line in the log. */
int nm_may_change(const struct config_item *item, const char *attr)
{
	if (capable(CAP_NET_ADMIN))
		return 0;
	return nm_refuse(item, attr, -EPERM, "takes CAP_NET_ADMIN");
}

int nm_typed(const char *page, size_t count)
{
	size_t len = min_t(size_t, count, TYPED_MAX);

	while (len && (page[len - 1] == '\n' || !page[len - 1]))
		len--;
	return len;
}

/**
 * nm_parse - read a decimal number
 * @item:  whose attribute
 * @attr:  which, for the message
 * @page:  what was written, zero-terminated
 * @count: bytes of it
 * @min:   the least that is allowed
 * @max:   the most
 * @value: out
 *
 * Context: process.
 * Return: 0, or -EINVAL or -EPERM after a line in the log.
 */
int nm_parse(const struct config_item *item, const char *attr, const char *page, size_t count,
	     u32 min, u32 max, u32 *value)
{
	int err = nm_may_change(item, attr);
	u32 v;

	if (err)
		return err;
	if (strnlen(page, count) != count || kstrtou32(page, 10, &v) || v < min || v > max)
		return nm_refuse(item, attr, -EINVAL, "\"%*pE\" is not a number from %u to %u",
				 nm_typed(page, count), page, min, max);
	*value = v;
	return 0;
}
