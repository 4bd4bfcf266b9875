/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - where ramsterd's lines go: the journal, a terminal or syslog
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* From now on to syslog, as there is no terminal any more. */
void log_to_syslog(void);

/* One line; @priority is one of syslog.h's LOG_ERR, LOG_WARNING, ... */
void log_line(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
