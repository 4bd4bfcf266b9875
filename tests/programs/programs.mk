# SPDX-License-Identifier: GPL-2.0
# The tests' own programs: static, so that they run in any VM.
TEST_PROGRAMS := $(patsubst tests/programs/%.c,build/programs/%,$(wildcard tests/programs/*.c))

build/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -Wall -Wextra -Werror -static -pthread -o $@ $<

.PHONY: programs
programs: $(TEST_PROGRAMS)
