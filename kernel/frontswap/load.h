/* SPDX-License-Identifier: GPL-2.0 */
/* load.h - pages on their way up from wherever they are, to a bio */
#ifndef _FRONTSWAP_LOAD_H
#define _FRONTSWAP_LOAD_H

struct fswap_io;

void fswap_read_pages(struct fswap_io *io);

int fswap_load_init(void);
void fswap_load_uninit(void);

#endif
