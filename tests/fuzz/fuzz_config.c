// SPDX-License-Identifier: GPL-2.0-or-later
/* fuzz_config.c - any bytes as a configuration file: parsed and checked, or refused with a reason */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rms_error err = { 0 };
	struct rms_config *cfg;
	char *text;
	size_t i;

	/* A file with a NUL in it is not even parsed: rms_read_file() */
	if (memchr(data, 0, size))
		return 0;
	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	cfg = rms_config_parse("f", text, &err);
	if (!cfg && !*err.text)
		abort();
	if (cfg && !rms_config_check(cfg, &err)) {
		rms_config_check_ready(cfg, &err);
		for (i = 0; i < cfg->nr_devices; i++)
			if (rms_device_replicas(cfg, &cfg->devices[i]) < 1)
				abort();
	}
	rms_config_free(cfg);
	free(text);
	return 0;
}
