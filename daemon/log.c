// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

static bool use_syslog;

void log_to_syslog(void)
{
	openlog("ramsterd", LOG_PID, LOG_DAEMON);
	use_syslog = true;
}

void log_line(int priority, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (use_syslog)
		syslog(priority, "%s", line);
	else if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", priority, line);
	else
		fprintf(stderr, "ramsterd: %s\n", line);
}
