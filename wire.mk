# SPDX-License-Identifier: GPL-2.0
# The pure parts of ramster.ko, tested in userspace ("make wire-check") and
# fuzzed with clang's libFuzzer ("make fuzz").

WIRE_OUT ?= build/wire
FUZZ_OUT ?= build/fuzz
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?= -1
FUZZ_CC ?= clang

WIRE_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all -Ikernel
WIRE_HEADERS := $(wildcard kernel/ramster/*.h) kernel/tmem/remote_entry.h wire.mk

wire-test-wire := kernel/ramster/wire.c
wire-test-placement := kernel/ramster/placement.c
wire-test-fair := kernel/ramster/fair.c
wire-test-remote_entry :=
wire-test-auth := kernel/ramster/wire.c kernel/ramster/auth.c kernel/ramster/hello.c \
	tests/crypto/crypto_user.c
WIRE_TESTS := wire placement fair remote_entry auth

define wire-test-rule
$(WIRE_OUT)/test-$(1): tests/unit/test_$(1).c $(wire-test-$(1)) $(WIRE_HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(WIRE_CFLAGS) -o $$@ $$(filter %.c,$$^) -lcmocka
endef
$(foreach t,$(WIRE_TESTS),$(eval $(call wire-test-rule,$(t))))

.PHONY: wire-check
wire-check: $(addprefix $(WIRE_OUT)/test-,$(WIRE_TESTS)) ## test frames, placement, shares and remote entries
	@for t in $^; do ./$$t || exit 1; done

FUZZ_PURE := $(addprefix kernel/ramster/,wire.c auth.c hello.c)
FUZZ_LIB := $(filter-out lib/netlink.c,$(wildcard lib/*.c))
FUZZ_PACKAGES := libconfig libnl-3.0 libnl-genl-3.0
FUZZ_LIB_CFLAGS = $(filter-out -std=gnu11,$(WIRE_CFLAGS)) -std=gnu11 -D_GNU_SOURCE \
	-DRAMSTER_VERSION='"fuzz"' $(shell pkg-config --cflags $(FUZZ_PACKAGES))

FUZZERS := wire hello config netlink

FUZZ_LIBS = $(shell pkg-config --libs $(FUZZ_PACKAGES))

fuzz-src-wire := tests/fuzz/fuzz_wire.c $(FUZZ_PURE)
fuzz-src-hello := tests/fuzz/fuzz_hello.c $(FUZZ_PURE)
# Nothing to be found there, and most of the time is spent in it: fast, and not instrumented
fuzz-plain-wire := tests/crypto/crypto_user.c
fuzz-plain-hello := tests/crypto/crypto_user.c
fuzz-src-config := tests/fuzz/fuzz_config.c $(FUZZ_LIB) lib/netlink.c
# It includes lib/netlink.c
fuzz-src-netlink := tests/fuzz/fuzz_netlink.c $(FUZZ_LIB)

# fuzz-*: with libFuzzer; replay-*: runs the files that it is given, by any compiler
$(FUZZ_OUT)/crypto_user.o: tests/crypto/crypto_user.c $(WIRE_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(WIRE_CFLAGS) -O2 -c -o $@ $<

define fuzz-rules
$(FUZZ_OUT)/fuzz_$(1): $(fuzz-src-$(1)) $(if $(fuzz-plain-$(1)),$(FUZZ_OUT)/crypto_user.o) \
	$(WIRE_HEADERS) $(wildcard lib/*.[ch])
	@mkdir -p $$(@D)
	$(FUZZ_CC) $$(FUZZ_LIB_CFLAGS) -fsanitize=fuzzer -o $$@ $(fuzz-src-$(1)) $$(filter %.o,$$^) $$(FUZZ_LIBS)

$(FUZZ_OUT)/replay_$(1): tests/fuzz/replay.c $(fuzz-src-$(1)) $(fuzz-plain-$(1)) $(WIRE_HEADERS) \
	$(wildcard lib/*.[ch])
	@mkdir -p $$(@D)
	$(CC) $$(FUZZ_LIB_CFLAGS) -o $$@ tests/fuzz/replay.c $(fuzz-src-$(1)) $(fuzz-plain-$(1)) $$(FUZZ_LIBS)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz-rules,$(f))))

$(WIRE_OUT)/wire_seeds: tests/fuzz/wire_seeds.c kernel/ramster/wire.c $(WIRE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(WIRE_CFLAGS) -o $@ $(filter %.c,$^)

.PHONY: fuzz-build fuzz wire-seeds
fuzz-build: $(addprefix $(FUZZ_OUT)/fuzz_,$(FUZZERS)) ## build the fuzzers (clang)

fuzz: $(addprefix fuzz-,$(FUZZERS)) ## run each fuzzer for FUZZ_SECONDS or FUZZ_RUNS inputs: frames, handshake, configuration, netlink

# The longest input in bytes; for frames RS_WIRE_MAX_FRAME
fuzz-len := 8192
fuzz-len-wire := 131632

# New inputs are kept in build/, the seeds in the tree stay as they are.
define fuzz-run
.PHONY: fuzz-$(1)
fuzz-$(1): $(FUZZ_OUT)/fuzz_$(1)
	@mkdir -p $(FUZZ_OUT)/$(1)
	@$(FUZZ_OUT)/fuzz_$(1) -max_total_time=$(FUZZ_SECONDS) -runs=$(FUZZ_RUNS) \
		-max_len=$(or $(fuzz-len-$(1)),$(fuzz-len)) -timeout=120 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(FUZZ_OUT)/$(1)- $(FUZZ_OUT)/$(1) tests/fuzz/corpus/$(1) >$(FUZZ_OUT)/$(1).log 2>&1 || \
		{ cat $(FUZZ_OUT)/$(1).log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */fuzz_$(1): inputs run: /p' $(FUZZ_OUT)/$(1).log
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz-run,$(f))))

.PHONY: fuzz-corpus
fuzz-corpus: $(addprefix $(FUZZ_OUT)/replay_,$(FUZZERS)) ## run the fuzzers' targets on their seeds only (no clang)
	@for f in $(FUZZERS); do $(FUZZ_OUT)/replay_$$f tests/fuzz/corpus/$$f/* || exit 1; done

wire-seeds: $(WIRE_OUT)/wire_seeds ## write the seeds of the frames' fuzzer anew
	@mkdir -p tests/fuzz/corpus/wire
	$< tests/fuzz/corpus/wire
