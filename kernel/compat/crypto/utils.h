/* SPDX-License-Identifier: GPL-2.0 */
/*
 * utils.h - where crypto_memneq() is declared
 */
#ifndef _COMPAT_CRYPTO_UTILS_H
#define _COMPAT_CRYPTO_UTILS_H

#include <linux/version.h>

/* Linux 6.7: moved out of <crypto/algapi.h>. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <crypto/algapi.h>
#else
#include_next <crypto/utils.h>
#endif

#endif
