/* SPDX-License-Identifier: GPL-2.0 */
/* server.h - connections of owners */
#ifndef _RAMSTER_SERVER_H
#define _RAMSTER_SERVER_H

#include <linux/net.h>

/* A stranger has connected; the socket is the server's, and closed if there is no place for it. */
void rs_server_accept(struct socket *sock);

/* Ends all connections; no new one comes. Process context, sleeps. */
void rs_server_stop(void);

/* Ends the connections of owner @num and forgets its pages. Process context, sleeps. */
void rs_server_forget(u16 num);

/* Ends connections made with a key that is no longer the cluster's, or @all. Process context. */
void rs_server_disconnect(bool all);

/* Asks owner @num for @mb MiB of its pages. False if it is not connected. Process context. */
bool rs_server_recall(u16 num, u16 mb);

int rs_server_init(void);
void rs_server_exit(void);

#endif
