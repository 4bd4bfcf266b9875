# SPDX-License-Identifier: GPL-2.0
# Installing: from here, and as Debian's packages.

# The installed kernel that modules are installed for
RELEASE ?= $(shell uname -r)
HERE_HEADERS = /lib/modules/$(RELEASE)/build
HERE_OUT = $(CURDIR)/build/modules-$(RELEASE)
HERE_INTO = updates/ramster
HERE_DEPMOD = $(if $(DESTDIR),,/sbin/depmod $(RELEASE))

.PHONY: install
install: modules-install userspace-install ## tools, manual pages, unit, modules of the running kernel; DESTDIR, PREFIX

.PHONY: uninstall
uninstall: userspace-uninstall modules-uninstall ## what install has installed

.PHONY: modules-here
modules-here: ## the modules for RELEASE, the running kernel unless said otherwise
	@[ -d $(HERE_HEADERS) ] || { \
		echo "kernel $(RELEASE) has no headers here: install linux-headers-$(RELEASE)," \
			"or name another with RELEASE=; \`make userspace-install\` does without" >&2; \
		exit 1; }
	HEADERS=$(HERE_HEADERS) OUT=$(HERE_OUT) scripts/build-modules "" RAMSTER_WERROR=n

.PHONY: modules-install
modules-install: modules-here
	$(MAKE) -C $(HERE_HEADERS) M=$(HERE_OUT) INSTALL_MOD_PATH=$(DESTDIR) \
		INSTALL_MOD_DIR=$(HERE_INTO) CONFIG_MODULE_SIG_ALL= DEPMOD=true modules_install
	$(HERE_DEPMOD)

.PHONY: modules-uninstall
modules-uninstall:
	rm -rf $(DESTDIR)/lib/modules/$(RELEASE)/$(HERE_INTO)
	$(HERE_DEPMOD)

.PHONY: deb
deb: ## Debian packages, into build/packages
	scripts/build-deb

# The release of the machines: bookworm, trixie
DEBIAN ?= bookworm

.PHONY: test-packages
test-packages: programs ## the packages on three machines with systemd, from install to purge (as root); DEBIAN=trixie
	$(PYTHON) -B tests/packages/machines.py $(DEBIAN)
	RAMSTER_DEBIAN=$(DEBIAN) $(PYTEST) -x tests/packages

.PHONY: test-fresh
test-fresh: ## bootstrap, build, check and demo on a Debian with nothing but git (as root)
	tests/packages/fresh-machine test
