/* SPDX-License-Identifier: GPL-2.0 */
/* listener.h - accepting owners */
#ifndef _RAMSTER_LISTENER_H
#define _RAMSTER_LISTENER_H

#include <linux/socket.h>

/* Binds and listens. An errno of the socket's (-EADDRINUSE, ...). May sleep. */
int rs_listener_start(const struct sockaddr_storage *addr);

/* Stops accepting and ends each owner's connection; lent pages stay for their grace time. May sleep. */
void rs_listener_stop(void);

#endif
