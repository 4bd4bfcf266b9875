// SPDX-License-Identifier: GPL-2.0
/*
 * replay.c - runs a fuzzer's target on files: its seeds, or what it has found, without libFuzzer
 *
 *	replay-wire tests/fuzz/corpus/wire/put ...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long len;

	if (f && !fseek(f, 0, SEEK_END) && (len = ftell(f)) >= 0) {
		rewind(f);
		data = malloc(len);
		*size = fread(data, 1, len, f);
	}
	if (!data || ferror(f)) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t size = 0;
		uint8_t *data = read_file(argv[i], &size);

		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("%d inputs\n", argc - 1);
	return argc < 2;
}
