/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmfork.h - the machine is virtual, and has been resumed from a snapshot, or cloned
 *
 * Then it has a twin, or a former self, that goes on from the same state with the same keys and
 * counters. What they seal and send from now on must not be under the same nonces.
 */
#ifndef _RAMSTER_VMFORK_H
#define _RAMSTER_VMFORK_H

/* Between the connections and the node manager. Where the kernel does not hear of it, nor do we. May sleep. */
int rs_vmfork_init(void);
void rs_vmfork_exit(void);

#endif
