# SPDX-License-Identifier: GPL-2.0
# The soak: verified work on several nodes, and faults from a seed.

FAULTS ?= 40
POLICY ?= disk
MODE ?= one

.PHONY: soak
soak: all ## faults on a working cluster; SEED= FAULTS= POLICY=disk|disk2|replicas2|loss MODE=one|free
	PYTHONPATH=tests/cluster $(PYTHON) -B -m soak $(if $(SEED),--seed $(SEED)) \
		--faults $(FAULTS) --policy $(POLICY) --mode $(MODE) $(SOAK)
