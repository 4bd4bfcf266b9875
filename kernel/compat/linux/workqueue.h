/* SPDX-License-Identifier: GPL-2.0 */
/*
 * workqueue.h - WQ_PERCPU
 */
#ifndef _COMPAT_LINUX_WORKQUEUE_H
#define _COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>
#include <linux/version.h>

/* Linux 6.17: a queue says whether it is per CPU, which was the default before. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU 0
#endif

#endif
