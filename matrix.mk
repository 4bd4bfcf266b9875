# SPDX-License-Identifier: GPL-2.0

.PHONY: matrix
matrix: ## the modules for each of Debian's kernels in the table, warnings are errors
	scripts/build-matrix
