# SPDX-License-Identifier: GPL-2.0
# What the workload make_N builds in the guest: the stb libraries, each of them
# one C file of up to 8,000 lines. The largest first: a compiler of 100 MB.

STB ?= /usr/include/stb
units := image vorbis truetype image_resize image_write ds dxt sprintf perlin hexwave rect_pack c_lexer

all: $(units:%=%.o)

%.o: $(STB)/stb_%.h
	gcc -w -g -O1 -c -x c -DSTB_$(shell echo $* | tr a-z A-Z)_IMPLEMENTATION -o $@ $<
