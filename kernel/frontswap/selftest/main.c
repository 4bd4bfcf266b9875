// SPDX-License-Identifier: GPL-2.0
/*
 * fswap_test.ko - selftests at load, and the RAM backend with its knobs:
 * echo 3 >/sys/module/fswap_test/parameters/refuse_every
 */
#include <linux/module.h>

#include "ram_backend.h"

module_param_named(refuse_every, ram_knobs.refuse_every, uint, 0644);
module_param_named(again_every, ram_knobs.again_every, uint, 0644);
module_param_named(again_ms, ram_knobs.again_ms, uint, 0644);
module_param_named(load_ms, ram_knobs.load_ms, int, 0644);
module_param_named(miss_every, ram_knobs.miss_every, uint, 0644);
module_param_named(fail_every, ram_knobs.fail_every, uint, 0644);
module_param_named(lose_every, ram_knobs.lose_every, uint, 0644);
module_param_named(evict, ram_knobs.evict, uint, 0644);
module_param_named(evict_ms, ram_knobs.evict_ms, uint, 0644);
module_param_named(keep, ram_knobs.keep, uint, 0644);
module_param_named(wants, ram_knobs.wants, uint, 0644);
module_param_named(max_pages, ram_knobs.max_pages, uint, 0644);

static int pages_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", ram_backend_pages());
}

static const struct kernel_param_ops pages_ops = { .get = pages_get };
module_param_cb(pages, &pages_ops, NULL, 0444);

static int __init fswap_test_init(void)
{
	int err;

	err = slotmap_selftest();
	if (err)
		return err;
	err = ram_backend_init();
	if (err)
		return err;
	err = ram_backend_register();
	if (err) {
		ram_backend_uninit();
		return err;
	}
	pr_info("fswap_test: selftests passed, RAM backend registered\n");
	return 0;
}

static void __exit fswap_test_exit(void)
{

	ram_backend_unregister();
	ram_backend_uninit();
}

module_init(fswap_test_init);
module_exit(fswap_test_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Selftests of frontswap, and a backend to test it with");
MODULE_AUTHOR("RAMster project");
