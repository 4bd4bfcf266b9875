// SPDX-License-Identifier: GPL-2.0
/*
 * listener.c - accepting owners
 *
 * One listening socket, owned by the node manager's start and stop, which do
 * not run at once. Accepting is a work, queued by the socket's data_ready.
 */
#include <linux/net.h>
#include <linux/tcp.h>
#include <net/sock.h>

#include "address.h"
#include "listener.h"
#include "server.h"

#define BACKLOG 128
#define AGAIN (HZ / 10)
#define MOST 64		/* accepted in a run: they may come as fast as that */

static struct socket *listener;
static void (*old_data_ready)(struct sock *sk);

static void accept_work(struct work_struct *work)
{
	struct socket *sock;
	unsigned int n;
	int err = 0;

	for (n = 0; n < MOST; n++) {
		err = kernel_accept(listener, &sock, O_NONBLOCK);
		if (err == -ECONNABORTED)
			continue;
		if (err)
			break;
		/* A child is born with the listener's callback. */
		write_lock_bh(&sock->sk->sk_callback_lock);
		sock->sk->sk_user_data = NULL;
		sock->sk->sk_data_ready = old_data_ready;
		write_unlock_bh(&sock->sk->sk_callback_lock);
		rs_server_accept(sock);
		cond_resched();
	}
	/* Those that wait in the backlog will not call again. An error: no memory, say. */
	if (n == MOST)
		queue_delayed_work(system_dfl_wq, to_delayed_work(work), 0);
	else if (err != -EAGAIN)
		queue_delayed_work(system_dfl_wq, to_delayed_work(work), AGAIN);
}

static DECLARE_DELAYED_WORK(accepting, accept_work);

static void data_ready(struct sock *sk)
{
	read_lock_bh(&sk->sk_callback_lock);
	/* A child that is not accepted yet has the same callback. */
	if (sk->sk_user_data == &accepting && sk->sk_state == TCP_LISTEN)
		mod_delayed_work(system_dfl_wq, &accepting, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

int rs_listener_start(const struct sockaddr_storage *addr)
{
	struct sockaddr_storage bound = *addr;
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock_set_reuseaddr(sock->sk);
	err = kernel_bind(sock, (struct sockaddr_unsized *)&bound, rs_address_length(addr));
	if (!err) {
		listener = sock;
		write_lock_bh(&sock->sk->sk_callback_lock);
		old_data_ready = sock->sk->sk_data_ready;
		sock->sk->sk_user_data = &accepting;
		sock->sk->sk_data_ready = data_ready;
		write_unlock_bh(&sock->sk->sk_callback_lock);
		err = kernel_listen(sock, BACKLOG);
	}
	if (err) {
		listener = NULL;
		sock_release(sock);
	}
	return err;
}

void rs_listener_stop(void)
{
	struct socket *sock = listener;

	if (!sock)
		return;
	write_lock_bh(&sock->sk->sk_callback_lock);
	sock->sk->sk_user_data = NULL;
	sock->sk->sk_data_ready = old_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);
	/* From here on nobody gets in, so the work finds an end. */
	kernel_sock_shutdown(sock, SHUT_RDWR);
	cancel_delayed_work_sync(&accepting);
	listener = NULL;
	sock_release(sock);
	rs_server_stop();
}
