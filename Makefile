# SPDX-License-Identifier: GPL-2.0
# Daily work. `make help` tells what there is.

KERNEL ?= $(shell scripts/kernels default)
PYTHON ?= /usr/bin/python3
PYTEST := $(PYTHON) -B -m pytest -p no:cacheprovider

.DEFAULT_GOAL := all

include tests/programs/programs.mk
-include userspace.mk

.PHONY: modules
modules: ## build the kernel modules for KERNEL (see scripts/kernels list)
	scripts/build-modules $(KERNEL) $(if $(RAMSTER_DEBUG),RAMSTER_DEBUG=$(RAMSTER_DEBUG))
