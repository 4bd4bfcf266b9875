// SPDX-License-Identifier: GPL-2.0
/*
 * test_comp.c - names, ids, workspaces and refusals, with compressors made up for it
 *
 * The real libraries are the kernel's; kernel/zcache/selftest/ tests those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "zcache/comp.h"

#define NR_CPUS 4

long kshim_fail_at = -1;
unsigned int kshim_cpu;
unsigned int kshim_nr_cpus = NR_CPUS;

/* What the made-up compressors say and were given. */
static size_t result_len;
static int result;
static void *seen_ws;

static void *create_ws(int node)
{
	return kvmalloc_node(32, GFP_KERNEL, node);
}

static int compress(void *cws, const void *src, void *dst, size_t *dlen)
{
	seen_ws = cws;
	memcpy(dst, src, PAGE_SIZE);
	*dlen = result_len;
	return result;
}

static int decompress(void *dws, const void *src, size_t slen, void *dst)
{
	seen_ws = dws;
	memcpy(dst, src, slen);
	return result;
}

const struct zcomp_ops zcomp_lz4 = {
	.name = "lz4",
	.id = ZCOMP_LZ4,
	.create_cws = create_ws,
	.compress = compress,
	.decompress = decompress,
};

const struct zcomp_ops zcomp_lzo_rle = {
	.name = "lzo-rle",
	.id = ZCOMP_LZO_RLE,
	.create_cws = create_ws,
	.compress = compress,
	.decompress = decompress,
};

const struct zcomp_ops zcomp_zstd = {
	.name = "zstd",
	.id = ZCOMP_ZSTD,
	.create_cws = create_ws,
	.create_dws = create_ws,
	.compress = compress,
	.decompress = decompress,
};

static u8 page[PAGE_SIZE], out[PAGE_SIZE];

static int setup(void **state)
{
	kshim_fail_at = -1;
	kshim_cpu = 0;
	result = 0;
	result_len = 100;
	seen_ws = NULL;
	return zcomp_init();
}

static int teardown(void **state)
{
	zcomp_exit();
	return 0;
}

static void names_are_found(void **state)
{
	assert_ptr_equal(zcomp_find("lz4"), &zcomp_lz4);
	assert_ptr_equal(zcomp_find("lzo-rle\n"), &zcomp_lzo_rle);
	assert_ptr_equal(zcomp_find("zstd"), &zcomp_zstd);
	assert_null(zcomp_find(""));
	assert_null(zcomp_find("lzo"));
	assert_null(zcomp_find("lz4 "));
}

static void ids_stay_as_they_are_on_the_wire(void **state)
{
	assert_int_equal(ZCOMP_RAW, 0);
	assert_int_equal(ZCOMP_LZ4, 1);
	assert_int_equal(ZCOMP_LZO_RLE, 2);
	assert_int_equal(ZCOMP_ZSTD, 3);
}

static void each_cpu_has_its_context(void **state)
{
	struct zcomp_ctx *ctx[NR_CPUS];
	int i, j;

	for (i = 0; i < NR_CPUS; i++) {
		kshim_cpu = i;
		ctx[i] = zcomp_get();
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(ctx[i], ctx[j]);
	}
	for (i = 0; i < NR_CPUS; i++)
		zcomp_put(ctx[i]);

	/* One that came later shares. */
	kshim_cpu = NR_CPUS + 1;
	assert_ptr_equal(zcomp_get(), ctx[1]);
	zcomp_put(ctx[1]);
}

static void bounce_page_is_apart_from_compressing(void **state)
{
	struct zcomp_ctx *ctx = zcomp_get();
	struct zcomp_ctx *bounce = zcomp_bounce_get();

	memset(bounce->bounce, 1, PAGE_SIZE);
	memset(ctx->dst, 2, ZCOMP_DST_SIZE);
	zcomp_bounce_put(bounce);
	zcomp_put(ctx);
}

static void compressor_must_be_enabled(void **state)
{
	struct zcomp_ctx *ctx = zcomp_get();
	size_t len;

	assert_int_equal(zcomp_compress(ctx, &zcomp_zstd, page, &len), -EINVAL);
	zcomp_put(ctx);
	assert_int_equal(zcomp_decompress(ZCOMP_ZSTD, page, 10, out), -EBADMSG);

	assert_int_equal(zcomp_enable(&zcomp_zstd), 0);
	assert_int_equal(zcomp_enable(&zcomp_zstd), 0);
	ctx = zcomp_get();
	assert_int_equal(zcomp_compress(ctx, &zcomp_zstd, page, &len), 0);
	assert_int_equal(len, 100);
	assert_ptr_equal(seen_ws, ctx->cws[ZCOMP_ZSTD]);
	zcomp_put(ctx);
	assert_int_equal(zcomp_decompress(ZCOMP_ZSTD, page, 10, out), 0);
	assert_ptr_equal(seen_ws, ctx->dws[ZCOMP_ZSTD]);
}

static void no_gain_is_no_space(void **state)
{
	struct zcomp_ctx *ctx;
	size_t len;

	assert_int_equal(zcomp_enable(&zcomp_lz4), 0);
	ctx = zcomp_get();
	result_len = PAGE_SIZE - 1;
	assert_int_equal(zcomp_compress(ctx, &zcomp_lz4, page, &len), 0);
	result_len = PAGE_SIZE;
	assert_int_equal(zcomp_compress(ctx, &zcomp_lz4, page, &len), -ENOSPC);
	result_len = ZCOMP_DST_SIZE;
	assert_int_equal(zcomp_compress(ctx, &zcomp_lz4, page, &len), -ENOSPC);
	result = -EINVAL;
	assert_int_equal(zcomp_compress(ctx, &zcomp_lz4, page, &len), -EINVAL);
	zcomp_put(ctx);
}

static void any_id_and_length_is_survived(void **state)
{
	unsigned int id;

	assert_int_equal(zcomp_enable(&zcomp_zstd), 0);
	for (id = 0; id < 256; id++) {
		assert_int_equal(zcomp_decompress(id, page, 0, out), -EBADMSG);
		assert_int_equal(zcomp_decompress(id, page, PAGE_SIZE + 1, out), -EBADMSG);
		assert_int_equal(zcomp_decompress(id, page, ~(size_t)0, out), -EBADMSG);
		if (id == ZCOMP_RAW || id >= ZCOMP_NR)
			assert_int_equal(zcomp_decompress(id, page, 100, out), -EBADMSG);
		else
			assert_int_equal(zcomp_decompress(id, page, 100, out), 0);
	}
	result = -EBADMSG;
	assert_int_equal(zcomp_decompress(ZCOMP_LZ4, page, 100, out), -EBADMSG);
	assert_int_equal(zcomp_decompress(ZCOMP_ZSTD, page, 100, out), -EBADMSG);
}

static void raw_page_is_copied(void **state)
{
	memset(page, 0x37, sizeof(page));
	memset(out, 0, sizeof(out));
	assert_int_equal(zcomp_decompress(ZCOMP_RAW, page, PAGE_SIZE, out), 0);
	assert_memory_equal(page, out, PAGE_SIZE);
}

static void every_failed_allocation_is_survived(void **state)
{
	long at;

	zcomp_exit();
	for (at = 0;; at++) {
		kshim_fail_at = at;
		if (!zcomp_init())
			break;
		assert_int_equal(kshim_fail_at, -1);
	}
	assert_true(at > NR_CPUS);

	for (at = 0;; at++) {
		kshim_fail_at = at;
		if (!zcomp_enable(&zcomp_zstd))
			break;
		assert_int_equal(kshim_fail_at, -1);
	}
	assert_true(at > 0);
	kshim_fail_at = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_found, setup, teardown),
		cmocka_unit_test(ids_stay_as_they_are_on_the_wire),
		cmocka_unit_test_setup_teardown(each_cpu_has_its_context, setup, teardown),
		cmocka_unit_test_setup_teardown(bounce_page_is_apart_from_compressing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(compressor_must_be_enabled, setup, teardown),
		cmocka_unit_test_setup_teardown(no_gain_is_no_space, setup, teardown),
		cmocka_unit_test_setup_teardown(any_id_and_length_is_survived, setup, teardown),
		cmocka_unit_test_setup_teardown(raw_page_is_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(every_failed_allocation_is_survived, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("comp", tests, NULL, NULL);
}
