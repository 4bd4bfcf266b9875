/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend.h - the registered backend, and every call of it
 *
 * A device's link to the backend is read under SRCU around each call, so that
 * an unlink followed by synchronize_srcu() has no call running after it; loads
 * that complete later are counted in dev->loads besides.
 */
#ifndef _FRONTSWAP_BACKEND_H
#define _FRONTSWAP_BACKEND_H

#include <linux/types.h>

#include "frontswap.h"

struct fswap_dev;

int fswap_backend_store(struct fswap_dev *dev, u32 slot, struct page *page);
bool fswap_backend_wants(struct fswap_dev *dev, u32 slot);
int fswap_backend_keep(struct fswap_dev *dev, u32 slot, struct page *page);
int fswap_backend_load(struct fswap_dev *dev, struct fswap_load *load);
void fswap_backend_loads_end(struct fswap_dev *dev, bool atomic);
void fswap_backend_load_ended(struct fswap_dev *dev);
void fswap_backend_invalidate(struct fswap_dev *dev, u32 slot);
void fswap_backend_unpin(struct fswap_dev *dev);
void fswap_backend_policy_changed(struct fswap_dev *dev);

void fswap_backend_attach(struct fswap_dev *dev);
void fswap_backend_detach(struct fswap_dev *dev);

#endif
