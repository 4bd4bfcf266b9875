// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apply_zcache.c - zcache's module parameters
 */
#include <stdlib.h>

#include "apply.h"
#include "text.h"

int rms_apply_zcache(struct rms_apply *a)
{
	const struct rms_zcache *z = &a->cfg->zcache;
	char *dir;
	int ret;

	if (a->host->stand_in)
		return 0;
	dir = rms_format("%s/zcache/parameters", a->host->sys_module);
	ret = rms_cfs_set(a->host, &a->journal, dir, "compressor", z->compressor.s, a->err);
	if (!ret)
		ret = rms_cfs_set(a->host, &a->journal, dir, "allocator", z->allocator.s, a->err);
	if (!ret)
		ret = rms_cfs_set_int(a->host, &a->journal, dir, "max_pool_percent", z->max_pool_percent.v, a->err);
	if (!ret)
		ret = rms_cfs_set_int(a->host, &a->journal, dir, "age_out_s", z->age_out_s.v, a->err);
	if (!ret)
		ret = rms_cfs_set(a->host, &a->journal, dir, "reject_incompressible",
				  z->reject_incompressible.v ? "Y" : "N", a->err);
	free(dir);
	return ret;
}
