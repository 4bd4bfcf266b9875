# SPDX-License-Identifier: GPL-2.0
# The tests' own programs: static, so that they run in any VM.
TEST_PROGRAMS := $(patsubst tests/programs/%.c,build/programs/%,$(wildcard tests/programs/*.c))
TEST_CC := $(CC) -O2 -g -Wall -Wextra -Werror -static -pthread

build/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(TEST_CC) -o $@ $<

# Needs more memory than there is, and checks it all
PAGEFILL_SRC := $(wildcard tests/pagefill/*.c)

build/programs/pagefill: $(PAGEFILL_SRC) $(wildcard tests/pagefill/*.h)
	@mkdir -p $(@D)
	$(TEST_CC) -o $@ $(PAGEFILL_SRC)

# A node that breaks the rules, with the modules' own pure code
ROGUE_SRC := $(wildcard tests/rogue/*.c) $(addprefix kernel/ramster/,wire.c auth.c hello.c) \
	tests/crypto/crypto_user.c

build/programs/rogue: $(ROGUE_SRC) $(wildcard tests/rogue/*.h kernel/ramster/*.h)
	@mkdir -p $(@D)
	$(TEST_CC) -Ikernel -o $@ $(ROGUE_SRC)

.PHONY: programs
programs: $(TEST_PROGRAMS) build/programs/pagefill build/programs/rogue
