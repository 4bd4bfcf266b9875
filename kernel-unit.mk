# SPDX-License-Identifier: GPL-2.0
# Kernel code tested in userspace, on tests/unit/kshim: "make kernel-unit-check".

KUNIT_OUT ?= build/kernel-unit
KUNIT_SHIM := $(KUNIT_OUT)/shim
KUNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-Wno-sign-compare -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE \
	-I$(KUNIT_SHIM) -Itests/unit/kshim -Ikernel

kunit-samefill := tests/unit/test_samefill.c
kunit-zbud := tests/unit/test_zbud.c kernel/zcache/alloc.c kernel/zcache/zbud.c
kunit-comp := tests/unit/test_comp.c kernel/zcache/comp.c
KUNIT_TESTS := samefill zbud comp
KUNIT_DEPS := $(wildcard kernel/zcache/*.h tests/unit/kshim/*.h) kernel-unit.mk

# Every <linux/...> header that the code under test includes is the shim, but
# for errno.h, which the C library needs as it is.
KUNIT_LINUX := $(filter-out linux/errno.h,$(shell sed -n 's,^.include <\(linux/[a-z0-9_]*\.h\)>.*,\1,p' \
	kernel/zcache/samefill.h kernel/zcache/alloc.[ch] kernel/zcache/zbud.c \
	kernel/zcache/comp.[ch] | sort -u))

$(addprefix $(KUNIT_SHIM)/,$(KUNIT_LINUX)):
	@mkdir -p $(@D)
	@echo '#include "kshim.h"' > $@

define kunit-rule
$(KUNIT_OUT)/test-$(1): $(kunit-$(1)) $(KUNIT_DEPS) | $(addprefix $(KUNIT_SHIM)/,$(KUNIT_LINUX))
	@mkdir -p $$(@D)
	$$(CC) $$(KUNIT_CFLAGS) -o $$@ $(kunit-$(1)) -lcmocka
endef
$(foreach t,$(KUNIT_TESTS),$(eval $(call kunit-rule,$(t))))

.PHONY: kernel-unit-check
kernel-unit-check: $(addprefix $(KUNIT_OUT)/test-,$(KUNIT_TESTS))
	@for t in $^; do ./$$t || exit 1; done
