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

/* The cluster's keys have changed: connections made with one that is gone end. Process context. */
void rs_server_keys_changed(void);

/* Asks owner @num for @mb MiB of its pages. False if it is not connected. Process context. */
bool rs_server_recall(u16 num, u16 mb);

int rs_server_init(void);
void rs_server_exit(void);

#endif
