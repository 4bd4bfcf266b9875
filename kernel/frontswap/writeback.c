// SPDX-License-Identifier: GPL-2.0
/*
 * The backend moves a page to the backing device. The slot is locked meanwhile,
 * which keeps the device's user from writing below what the writeback would
 * overwrite, and two writebacks of a slot from overtaking each other. It ends
 * in a worker, since bios end in hard interrupts and backends take locks.
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

	trace_fswap_writeback(dev->id, wb->slot, wb->err);
	fswap_slot_unlock(dev, wb->slot);
	wb->done(wb, wb->err);
	percpu_ref_put(&dev->ios);
}

static void writeback_endio(struct bio *bio)
{
	struct fswap_writeback *wb = bio->bi_private;

	wb->err = blk_status_to_errno(bio->bi_status);
	if (wb->err)
		counter_inc(fswap, writebacks_failed);
	else
		counter_inc(fswap, writebacks);
	bio_put(bio);
	queue_work(fswap_end_wq, &wb->work);
}

/**
 * fswap_writeback - write a page that is above to the backing device
 * @dev: the device
 * @wb:  the page, its slot and what to call at the end
 *
 * See frontswap.h. Return: 0, -ENODEV, -EBUSY, -ENOENT, or -EINVAL for a slot
 * that the device does not have.
 */
int fswap_writeback(struct fswap_dev *dev, struct fswap_writeback *wb)
{
	struct bio *bio;
	int err;

	if (!wb->slot || wb->slot >= dev->map.nr)
		return -EINVAL;
	if (!dev->backing || !percpu_ref_tryget_live(&dev->ios))
		return -ENODEV;
	if (!fswap_slot_lock(dev, wb->slot)) {
		counter_inc(fswap, writebacks_busy);
		err = -EBUSY;
		goto put_dev;
	}
	if (!(slotmap_get(&dev->map, wb->slot) & SLOT_ABOVE)) {
		err = -ENOENT;
		goto unlock;
	}

	wb->dev = dev;
	INIT_WORK(&wb->work, ended);
	bio = fswap_single_alloc(dev, wb->slot, wb->page, REQ_OP_WRITE | REQ_SWAP);
	bio->bi_end_io = writeback_endio;
	bio->bi_private = wb;
	submit_bio_noacct(bio);
	return 0;

unlock:
	fswap_slot_unlock(dev, wb->slot);
put_dev:
	percpu_ref_put(&dev->ios);
	return err;
}
EXPORT_SYMBOL_GPL(fswap_writeback);
