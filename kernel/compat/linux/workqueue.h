/* SPDX-License-Identifier: GPL-2.0 */
/*
 * workqueue.h - WQ_PERCPU, system_dfl_wq
 */
#ifndef _COMPAT_LINUX_WORKQUEUE_H
#define _COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>
#include <linux/version.h>

/*
 * Linux 6.17: a queue says whether it is per CPU, which was the default before;
 * the system's queue for work that may run on any has another name.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU	0
#define system_dfl_wq	system_unbound_wq
#endif

#endif
