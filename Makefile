# SPDX-License-Identifier: GPL-2.0
# Daily work; `make help` tells what there is. KERNEL names a kernel of
# scripts/kernels (its first by default).

PLAIN_KERNEL := $(shell scripts/kernels default)
KERNEL ?= $(PLAIN_KERNEL)
export KERNEL
export RAMSTER_DEBUG

# Debian's Python, whose pytest the tests use
PYTHON ?= /usr/bin/python3
# Test files at once: half of what runs in VMs has use for one core only
JOBS ?= 2
PYTEST := $(PYTHON) -B -m pytest -p no:cacheprovider -c tests/cluster/pytest.ini \
	-n $(JOBS) --dist loadfile

.DEFAULT_GOAL := all

include tests/programs/programs.mk
include $(sort $(wildcard *.mk))

.PHONY: all
all: modules userspace programs ## everything that is built

.PHONY: modules
modules: ## the kernel modules, into build/modules-KERNEL (RAMSTER_DEBUG=y: with selftests)
	scripts/build-modules $(KERNEL) $(if $(RAMSTER_DEBUG),RAMSTER_DEBUG=$(RAMSTER_DEBUG))

.PHONY: modules-debug
modules-debug: ## the same with selftests and test backends, for the tests
	OUT=$(CURDIR)/build/debug-modules-$(KERNEL) scripts/build-modules $(KERNEL) RAMSTER_DEBUG=y

.PHONY: modules-plain
modules-plain: ## those for the default kernel, which nodes run that are not what is tested
	scripts/build-modules $(PLAIN_KERNEL)

.PHONY: modules-all
modules-all: ## the modules for every kernel of the table, generic and cloud
	for kernel in $$(scripts/kernels packaged); do \
		scripts/build-modules $$kernel || exit 1; \
	done

.PHONY: unit
unit: userspace-check kernel-unit-check wire-check ## unit tests, under ASan and UBSan

.PHONY: check
check: ## unit tests and all that can be said without a VM, in about a minute
	scripts/check

.PHONY: test
test: all modules-debug $(if $(filter-out $(PLAIN_KERNEL),$(KERNEL)),modules-plain) ## tests in VMs; T=... picks some, as pytest -k does
	$(PYTEST) tests/cluster -m "not slow" $(if $(T),-k "$(T)")

.PHONY: smoke
smoke: userspace programs modules-debug ## selftests and the main job in VMs, with the modules for the tests
	RAMSTER_MODULES=debug $(PYTEST) tests/cluster -m "not slow" -k "debug_build or test_pages_of_a_cgroup"

.PHONY: test-all
test-all: userspace programs ## tests in VMs, the slow ones too, on each kernel and the debug kernel
	T="$(T)" JOBS=$(JOBS) scripts/test-all

.PHONY: demo
demo: all ## two nodes, one of which needs twice the RAM that it has
	$(PYTHON) -B tests/cluster/demo.py

.PHONY: bench
bench: all ## our device against NVMe/TCP, nbd, zram, disks; BENCH="--workloads page_in ..."
	$(PYTHON) -B bench/run.py $(BENCH)

.PHONY: clean
clean: ## what was built; caches outside the tree stay
	rm -rf build

.PHONY: help
help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16
