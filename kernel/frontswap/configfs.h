/* SPDX-License-Identifier: GPL-2.0 */
/* configfs.h - /sys/kernel/config/frontswap; see docs/INTERFACES.md */
#ifndef _FRONTSWAP_CONFIGFS_H
#define _FRONTSWAP_CONFIGFS_H

int fswap_configfs_init(void);
void fswap_configfs_uninit(void);

#endif
