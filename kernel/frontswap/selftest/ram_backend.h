/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ram_backend.h - a backend that keeps copies in RAM, and misbehaves on demand
 *
 * Each knob is a parameter of fswap_test.ko, to be changed at any time. "Every"
 * counts all calls of the module; 0 is never.
 */
#ifndef _FRONTSWAP_SELFTEST_RAM_BACKEND_H
#define _FRONTSWAP_SELFTEST_RAM_BACKEND_H

struct ram_knobs {
	unsigned int refuse_every;	/* a store is refused */
	unsigned int again_every;	/* a store gets -EAGAIN */
	unsigned int again_ms;		/* until fswap_retry(); 0: it never comes */
	int load_ms;			/* -1: loads are done at once; else later, in softirq */
	unsigned int miss_every;	/* a load says -ENOENT although the page is there */
	unsigned int fail_every;	/* a load says -EIO */
	unsigned int lose_every;	/* a page taken is forgotten */
	unsigned int evict;		/* pages a device written back in each round */
	unsigned int evict_ms;		/* from one round to the next */
	unsigned int keep;		/* 1: pages written back stay, as a backup does */
	unsigned int wants;		/* 1: pages that are read below are kept */
	unsigned int max_pages;		/* more are refused; 0: no limit */
};

extern struct ram_knobs ram_knobs;

int ram_backend_register(void);
void ram_backend_unregister(void);
long ram_backend_pages(void);
int ram_backend_init(void);
void ram_backend_uninit(void);

int slotmap_selftest(void);

#endif
