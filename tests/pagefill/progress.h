/* SPDX-License-Identifier: GPL-2.0 */
/*
 * progress.h - says twice a second how far a phase is: progress PHASE DONE OF
 */
#ifndef PAGEFILL_PROGRESS_H
#define PAGEFILL_PROGRESS_H

#include "phase.h"

void progress_start(struct phase *phase);
void progress_stop(void);

#endif
