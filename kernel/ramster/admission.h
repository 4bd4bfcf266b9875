/* SPDX-License-Identifier: GPL-2.0 */
/*
 * admission.h - how many strangers may try the handshake at once, and how often
 *
 * A stranger takes a place while its handshake lasts: one of a few in all, and one of fewer
 * of its address. The last places are only for addresses of the node table, so
 * that a crowd does not keep nodes out. An address that fails often is not listened
 * to for a while. All of it is a table of fixed size.
 */
#ifndef _RAMSTER_ADMISSION_H
#define _RAMSTER_ADMISSION_H

#include <linux/socket.h>
#include <linux/types.h>

enum rs_admission {
	RS_ADMITTED,
	RS_TOO_MANY,
	RS_PENALISED,
};

/* How a handshake ended. */
enum rs_try {
	RS_TRY_KNOWN,	/* it has proven who it is */
	RS_TRY_FAILED,	/* it has not, or broke the rules */
	RS_TRY_OVER,	/* neither: we ended it */
};

/*
 * Whom a stranger is counted with: its address. Of an IPv6 address it is the /64, which anybody has
 * all addresses of, unless it is a node's: its neighbours' failures are not its own.
 */
struct rs_visitor {
	sa_family_t family;
	u64 addr[2];
};

/* May a stranger from @from try? If ADMITTED, rs_admission_end() of @who is due. Process context. */
enum rs_admission rs_admission_begin(const struct sockaddr_storage *from, struct rs_visitor *who);

/* Any context. */
void rs_admission_end(const struct rs_visitor *who, enum rs_try how);

void rs_admission_init(void);

#endif
