/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soak.h - goes on until SIGTERM, and says twice a second how it goes:
 *   pulse VERIFIED BAD LOST SLOWEST STUCK LATE
 * pages so far, and in microseconds the slowest touch since the last pulse,
 * the longest that any thread has now been at one page, and by how much this
 * pulse comes too late: time that the machine had no CPU for anybody.
 */
#ifndef PAGEFILL_SOAK_H
#define PAGEFILL_SOAK_H

/* From now on SIGTERM is the end of soak_go_on(). */
void soak_init(void);

void soak_start_pulse(void);

/* Again and again what comes after fill, until told to end; then everything once more. */
void soak_go_on(void);

#endif
