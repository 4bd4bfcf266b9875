# SPDX-License-Identifier: GPL-2.0
# The pure parts of ramster.ko, tested in userspace ("make wire-check") and
# fuzzed with clang's libFuzzer ("make fuzz").

WIRE_OUT ?= build/wire
FUZZ_OUT ?= build/fuzz
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang

WIRE_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all -Ikernel
WIRE_HEADERS := $(wildcard kernel/ramster/*.h) kernel/tmem/remote_entry.h wire.mk

wire-test-wire := kernel/ramster/wire.c
wire-test-placement := kernel/ramster/placement.c
wire-test-remote_entry :=
wire-test-auth := kernel/ramster/wire.c kernel/ramster/auth.c kernel/ramster/hello.c \
	tests/crypto/crypto_user.c
WIRE_TESTS := wire placement remote_entry auth

define wire-test-rule
$(WIRE_OUT)/test-$(1): tests/unit/test_$(1).c $(wire-test-$(1)) $(WIRE_HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(WIRE_CFLAGS) -o $$@ $$(filter %.c,$$^) -lcmocka
endef
$(foreach t,$(WIRE_TESTS),$(eval $(call wire-test-rule,$(t))))

.PHONY: wire-check
wire-check: $(addprefix $(WIRE_OUT)/test-,$(WIRE_TESTS)) ## test frames, placement and remote entries
	@for t in $^; do ./$$t || exit 1; done

$(FUZZ_OUT)/fuzz_wire: tests/fuzz/fuzz_wire.c kernel/ramster/wire.c $(WIRE_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(WIRE_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

$(WIRE_OUT)/wire_seeds: tests/fuzz/wire_seeds.c kernel/ramster/wire.c $(WIRE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(WIRE_CFLAGS) -o $@ $(filter %.c,$^)

.PHONY: fuzz-build fuzz wire-seeds
fuzz-build: $(FUZZ_OUT)/fuzz_wire ## build the fuzzers (clang)

# New inputs are kept in build/, the seeds in the tree stay as they are.
fuzz: fuzz-build ## fuzz the frame decoder for FUZZ_SECONDS
	@mkdir -p $(FUZZ_OUT)/wire
	$(FUZZ_OUT)/fuzz_wire -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=5 \
		-print_final_stats=1 -artifact_prefix=$(FUZZ_OUT)/ \
		$(FUZZ_OUT)/wire tests/fuzz/corpus/wire

wire-seeds: $(WIRE_OUT)/wire_seeds ## write the seeds of the fuzzer anew
	@mkdir -p tests/fuzz/corpus/wire
	$< tests/fuzz/corpus/wire
