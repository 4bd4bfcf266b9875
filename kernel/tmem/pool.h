/* SPDX-License-Identifier: GPL-2.0 */
/* pool.h - what main.c calls of pool.c */
#ifndef _TMEM_POOL_H
#define _TMEM_POOL_H

int tmem_pools_init(void);
void tmem_pools_exit(void);

#endif
