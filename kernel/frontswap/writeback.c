// SPDX-License-Identifier: GPL-2.0
/*
 * The backend writes pages to the backing device. Their slots are locked from before it
 * looks up their contents to the end of the write: so what is written is what is
 * above, the device's user does not write below what the writeback would overwrite,
 * and two writebacks of a slot cannot overtake each other. It ends in a worker,
 * since bios end in hard interrupts and backends take locks.
 */
#include "frontswap.h"

#include "device.h"
#include "io.h"
#include "slot.h"
#include "stats.h"
#include "trace.h"

static void ended(struct work_struct *work)
{
	struct fswap_writeback *wb = container_of(work, struct fswap_writeback, work);
	struct fswap_dev *dev = wb->dev;
	unsigned int i;

	for (i = 0; i < wb->nr; i++) {
		trace_fswap_writeback(dev->id, wb->slot + i, wb->err);
		if (!wb->err)
			fswap_slot_written(dev, wb->slot + i);
		fswap_slot_unlock(dev, wb->slot + i);
	}
	wb->done(wb, wb->err);
	percpu_ref_put(&dev->ios);
}

static void writeback_endio(struct bio *bio)
{
	struct fswap_writeback *wb = bio->bi_private;

	wb->err = blk_status_to_errno(bio->bi_status);
	if (wb->err)
		counter_add(fswap, writebacks_failed, wb->nr);
	else
		counter_add(fswap, writebacks, wb->nr);
	bio_put(bio);
	queue_work(fswap_end_wq, &wb->work);
}

static bool is_above_only(const struct fswap_dev *dev, u32 slot)
{
	return (slotmap_get(&dev->map, slot) & (SLOT_ABOVE | SLOT_BELOW)) == SLOT_ABOVE;
}

/* Locks a slot whose page is above only; no other is locked, not for a moment: writers would wait. */
static int lock_slot(struct fswap_dev *dev, u32 slot)
{
	if (!is_above_only(dev, slot))
		return -ENOENT;
	if (!fswap_slot_lock(dev, slot)) {
		counter_inc(fswap, writebacks_busy);
		return -EBUSY;
	}
	if (is_above_only(dev, slot))
		return 0;
	fswap_slot_unlock(dev, slot);
	return -ENOENT;
}

/**
 * fswap_writeback_begin - lock pages that are to be written to the backing device
 * @dev: the device
 * @wb:  slot, nr and done are set; nr becomes how many are locked
 *
 * See frontswap.h. Return: 0, and fswap_writeback_submit() must follow; -ENODEV,
 * -EBUSY, -ENOENT, or -EINVAL for a slot that the device does not have.
 */
int fswap_writeback_begin(struct fswap_dev *dev, struct fswap_writeback *wb)
{
	unsigned int i;
	int err = 0;

	if (!wb->slot || wb->slot >= dev->map.nr)
		return -EINVAL;
	if (!dev->backing || !percpu_ref_tryget_live(&dev->ios))
		return -ENODEV;
	wb->nr = min3(wb->nr, (unsigned int)FSWAP_RUN_MAX, dev->map.nr - wb->slot);
	for (i = 0; i < wb->nr && !err; i++)
		err = lock_slot(dev, wb->slot + i);
	if (err)
		i--;
	wb->nr = i;
	if (!i) {
		percpu_ref_put(&dev->ios);
		return err;
	}
	wb->dev = dev;
	return 0;
}
EXPORT_SYMBOL_GPL(fswap_writeback_begin);

/**
 * fswap_writeback_submit - write them
 * @wb: begun
 * @nr: how many of them, from the first on; those after are unlocked
 *
 * See frontswap.h.
 */
void fswap_writeback_submit(struct fswap_writeback *wb, unsigned int nr)
{
	struct fswap_dev *dev = wb->dev;
	struct bio *bio;
	unsigned int i;

	for (i = nr; i < wb->nr; i++)
		fswap_slot_unlock(dev, wb->slot + i);
	wb->nr = nr;
	if (!nr) {
		percpu_ref_put(&dev->ios);
		return;
	}
	INIT_WORK(&wb->work, ended);
	bio = fswap_run_alloc(dev, wb->slot, wb->page, nr, REQ_OP_WRITE | REQ_SWAP);
	bio->bi_end_io = writeback_endio;
	bio->bi_private = wb;
	submit_bio_noacct(bio);
}
EXPORT_SYMBOL_GPL(fswap_writeback_submit);
