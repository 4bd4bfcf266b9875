// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileges.h"
#include "text.h"

static const unsigned int kept[] = { CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_NET_ADMIN, CAP_SYSLOG };

void rms_hide_memory(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

int rms_drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
	__u32 mask[_LINUX_CAPABILITY_U32S_3] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(kept); i++)
		mask[CAP_TO_INDEX(kept[i])] |= CAP_TO_MASK(kept[i]);
	/* Else root's would come back with the next program */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capget, &header, now))
		return -errno;
	for (i = 0; i < ARRAY_LEN(now); i++) {
		now[i].permitted &= mask[i];
		now[i].effective &= mask[i];
		now[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, now) ? -errno : 0;
}
