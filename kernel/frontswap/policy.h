/* SPDX-License-Identifier: GPL-2.0 */
/* policy.h - when a page of a device counts as durable; all need fswap_lock */
#ifndef _FRONTSWAP_POLICY_H
#define _FRONTSWAP_POLICY_H

#include "device.h"

int fswap_policy_check(const struct fswap_dev *dev, const char *attr, enum fswap_backup backup,
		       u8 replicas, bool allow_loss);
int fswap_policy_set_backup(struct fswap_dev *dev, enum fswap_backup backup);
int fswap_policy_set_replicas(struct fswap_dev *dev, u8 replicas);
int fswap_policy_set_allow_loss(struct fswap_dev *dev, bool allow_loss);

#endif
