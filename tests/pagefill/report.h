/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - the result, one line of JSON
 */
#ifndef PAGEFILL_REPORT_H
#define PAGEFILL_REPORT_H

#include <stdbool.h>

/* Prints it; nothing is printed after it. True if every page was right */
bool report(void);

#endif
