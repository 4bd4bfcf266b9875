# SPDX-License-Identifier: GPL-2.0-or-later
#
# userspace.mk - libramster, ramsterd, ramsterctl: built, tested, installed
#
# The top Makefile includes it; it works alone, too: make -f userspace.mk userspace

US_BUILD ?= build
DESTDIR ?=
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
# Empty: no unit is installed
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR ?= $(PREFIX)/share/doc/ramster
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
RAMSTER_VERSION ?= $(shell scripts/version)
# What a distribution's packages set in their own way
US_HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
US_WERROR ?= -Werror

US_PACKAGES = libconfig libnl-3.0 libnl-genl-3.0
US_CC ?= gcc
US_CFLAGS = -std=c11 -D_GNU_SOURCE -DRAMSTER_VERSION='"$(RAMSTER_VERSION)"' \
	-O2 -g -Wall -Wextra $(US_WERROR) $(US_HARDEN) -fPIE $(CPPFLAGS) $(CFLAGS) \
	-MMD -MP $(shell pkg-config --cflags $(US_PACKAGES) libsystemd)
US_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)
US_LIBS = $(shell pkg-config --libs $(US_PACKAGES))
US_SANITIZE = -std=c11 -D_GNU_SOURCE -DRAMSTER_VERSION='"$(RAMSTER_VERSION)"' \
	-O1 -g -Wall -Wextra $(US_WERROR) -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -MMD -MP $(shell pkg-config --cflags $(US_PACKAGES) libsystemd)

US_LIB_SRC := $(sort $(wildcard lib/*.c))
US_CTL_SRC := $(sort $(wildcard tools/*.c))
US_DAEMON_SRC := $(sort $(wildcard daemon/*.c))
US_TESTS := $(patsubst tests/unit/test_us_%.c,%,$(sort $(wildcard tests/unit/test_us_*.c)))

us_objs = $(patsubst %.c,$(US_BUILD)/$(1)/%.o,$(2))
US_LIB_OBJ := $(call us_objs,us,$(US_LIB_SRC))
US_CTL_OBJ := $(call us_objs,us,$(US_CTL_SRC))
US_DAEMON_OBJ := $(call us_objs,us,$(US_DAEMON_SRC))
US_SAN_LIB_OBJ := $(call us_objs,us-san,$(US_LIB_SRC))
US_SAN_CTL_OBJ := $(call us_objs,us-san,$(US_CTL_SRC))
US_TEST_BINS := $(patsubst %,$(US_BUILD)/us-san/test-%,$(US_TESTS))

.PHONY: userspace userspace-check userspace-install userspace-uninstall userspace-clean

userspace: $(US_BUILD)/ramsterctl $(US_BUILD)/ramsterd

$(US_BUILD)/us/%.o: %.c
	@mkdir -p $(@D)
	$(US_CC) $(US_CFLAGS) -c $< -o $@

$(US_BUILD)/us-san/%.o: %.c
	@mkdir -p $(@D)
	$(US_CC) $(US_SANITIZE) -c $< -o $@

$(US_BUILD)/libramster.a: $(US_LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(US_BUILD)/us-san/libramster.a: $(US_SAN_LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(US_BUILD)/ramsterctl: $(US_CTL_OBJ) $(US_BUILD)/libramster.a
	$(US_CC) $(US_LDFLAGS) $^ $(US_LIBS) -o $@

$(US_BUILD)/ramsterd: $(US_DAEMON_OBJ) $(US_BUILD)/libramster.a
	$(US_CC) $(US_LDFLAGS) $^ $(US_LIBS) $(shell pkg-config --libs libsystemd) -o $@

$(US_BUILD)/us-san/ramsterctl: $(US_SAN_CTL_OBJ) $(US_BUILD)/us-san/libramster.a
	$(US_CC) -fsanitize=address,undefined $^ $(US_LIBS) -o $@

US_SHARED_OBJ := $(patsubst %,$(US_BUILD)/us-san/tests/unit/%.o,fake_host applied)

$(US_BUILD)/us-san/test-%: $(US_BUILD)/us-san/tests/unit/test_us_%.o $(US_SHARED_OBJ) $(US_BUILD)/us-san/libramster.a
	$(US_CC) -fsanitize=address,undefined $^ $(US_LIBS) $(shell pkg-config --libs cmocka) -o $@

userspace-check: userspace $(US_TEST_BINS) $(US_BUILD)/us-san/ramsterctl
	@set -e; for t in $(US_TEST_BINS); do \
		RAMSTERCTL=$(abspath $(US_BUILD)/us-san/ramsterctl) EXAMPLE=$(abspath etc/ramster.conf.example) \
			RAMSTERD=$(abspath $(US_BUILD)/ramsterd) SOURCE=$(abspath .) $$t; \
	done
	mandoc -T lint -W warning man/*.8 man/*.5
	bash -n completions/ramsterctl

# Where it is only wanted, a newer compiler's warnings stop nobody
userspace-install: US_WERROR =
userspace-install: userspace
	install -D -m 0755 $(US_BUILD)/ramsterctl $(DESTDIR)$(SBINDIR)/ramsterctl
	install -D -m 0755 $(US_BUILD)/ramsterd $(DESTDIR)$(SBINDIR)/ramsterd
	install -D -m 0644 etc/ramster.conf.example $(DESTDIR)$(DOCDIR)/ramster.conf.example
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 man/ramsterctl.8 man/ramsterd.8
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man5 man/ramster.conf.5
	install -D -m 0644 completions/ramsterctl $(DESTDIR)$(COMPLETIONDIR)/ramsterctl
ifneq ($(UNITDIR),)
	install -d $(DESTDIR)$(UNITDIR)
	sed 's,@SBINDIR@,$(SBINDIR),' systemd/ramsterd.service.in > $(DESTDIR)$(UNITDIR)/ramsterd.service
endif

userspace-uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/ramsterctl $(DESTDIR)$(SBINDIR)/ramsterd
	rm -f $(DESTDIR)$(DOCDIR)/ramster.conf.example
	rm -f $(DESTDIR)$(MANDIR)/man8/ramsterctl.8 $(DESTDIR)$(MANDIR)/man8/ramsterd.8
	rm -f $(DESTDIR)$(MANDIR)/man5/ramster.conf.5
	rm -f $(DESTDIR)$(COMPLETIONDIR)/ramsterctl
	-rmdir $(DESTDIR)$(DOCDIR)
ifneq ($(UNITDIR),)
	rm -f $(DESTDIR)$(UNITDIR)/ramsterd.service
endif

userspace-clean:
	rm -rf $(US_BUILD)/us $(US_BUILD)/us-san $(US_BUILD)/libramster.a $(US_BUILD)/ramsterctl $(US_BUILD)/ramsterd

-include $(US_LIB_OBJ:.o=.d) $(US_CTL_OBJ:.o=.d) $(US_DAEMON_OBJ:.o=.d) \
	$(US_SAN_LIB_OBJ:.o=.d) $(US_SAN_CTL_OBJ:.o=.d) $(US_SHARED_OBJ:.o=.d) \
	$(US_TESTS:%=$(US_BUILD)/us-san/tests/unit/test_us_%.d)
