// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "signals.h"
#include "text.h"

void rms_signals_hold(struct rms_held *h)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;
	sigset_t all;
	size_t i;

	sigemptyset(&h->ends);
	/* while it is held back, one that is ignored would wait like any other */
	for (i = 0; i < ARRAY_LEN(ends); i++)
		if (!sigaction(ends[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(&h->ends, ends[i]);
	all = h->ends;
	sigaddset(&all, SIGPIPE);
	sigprocmask(SIG_BLOCK, &all, &h->before);
}

void rms_signals_release(const struct rms_held *h)
{
	sigprocmask(SIG_SETMASK, &h->before, NULL);
}
