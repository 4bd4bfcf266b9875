# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The fragments of a configuration that a kernel with checkers is built with.

fragments=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/debug-kernel" && pwd)

# fragments_of NAME: all of them, in order
fragments_of() {
	cat "$fragments"/{base,common,virtio}.config "$fragments/$1.config"
}

# fragments_sum NAME: differs when one of them does
fragments_sum() {
	fragments_of "$1" | sha256sum | cut -d ' ' -f 1
}
