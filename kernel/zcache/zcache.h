/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zcache.h - what zcache.ko offers to a remote tier
 *
 * zcache keeps swapped pages compressed in local RAM. A remote tier, when one
 * is registered, takes cold zpages away ("push"), brings them back ("fetch")
 * and forgets them ("flush"). zcache owns the index: it alone says which
 * donor holds which version of a page. The tier moves bytes.
 *
 * A page is named by (device id, slot); the version tells its successive
 * contents apart. A donor is a number from 0 to ZCACHE_DONOR_MAX.
 */
#ifndef _ZCACHE_ZCACHE_H
#define _ZCACHE_ZCACHE_H

#include <linux/list.h>
#include <linux/types.h>

#define ZCACHE_DONOR_MAX	1023
#define ZCACHE_COPIES_MAX	3
#define ZCACHE_PUSH_MAX		64	/* zpages a batch */

struct module;

/**
 * struct zcache_push_rec - one zpage in a batch
 * @entry:   zcache's
 * @slot:    key
 * @version: of the contents
 * @len:     bytes, 1 to 4096
 * @comp:    compressor id (comp.h), 0 for raw
 * @acked:   set by the tier: bit i means that donor[i] has stored it
 * @refused: set by the tier: bit i means that donor[i] said no, and holds no
 *	     version of the page. Neither bit: nobody knows.
 */
struct zcache_push_rec {
	void *entry;
	u32 slot;
	u16 version;
	u16 len;
	u8 comp;
	u8 acked;
	u8 refused;
};

/**
 * struct zcache_push - zpages of one device on their way to the same donors; memory of the tier's
 * @dev:    device id
 * @nr:     how many; @rec: which
 * @nr_donors: to how many; @donor: to whom
 * @life:   zcache's: of each donor, when the batch began
 */
struct zcache_push {
	u32 dev;
	unsigned int nr;
	u8 nr_donors;
	u16 donor[ZCACHE_COPIES_MAX];
	u32 life[ZCACHE_COPIES_MAX];
	struct zcache_push_rec rec[ZCACHE_PUSH_MAX];
};

/* In which of a donor's states a fetch goes there. */
enum zcache_fetch_if {
	ZCACHE_IF_UP,
	ZCACHE_IF_LINKED,	/* it may have fallen silent just now */
	ZCACHE_ANYHOW,		/* in each: it is waited for */
};

/**
 * struct zcache_fetch - a zpage wanted back
 * @node:    the tier's, until zcache_fetch_done()
 * @tier:    the tier's, likewise
 * @dev:     device id
 * @slot:    key
 * @donor:   whom to ask
 * @version: the contents wanted
 * @len:     bytes that they have
 * @comp:    their compressor id
 * @since:   jiffies when it was wanted first, of whomever: it is not waited for without end. The
 *	     tier moves it on by the time in which this machine stood still
 * @when:    enum zcache_fetch_if: an errno from the tier if the donor is in another state
 * @hedge:   0: until the deadline. Else there is somebody else to ask: end it with -ETIME when
 *	     the donor takes much longer than it used to; the larger, the more patience
 * @others:  others may be asked when this donor falls silent, or one of them comes back
 */
struct zcache_fetch {
	struct list_head node;
	unsigned long tier[4];
	u32 dev;
	u32 slot;
	unsigned long since;
	u16 donor;
	u16 version;
	u16 len;
	u8 comp;
	u8 when;
	u8 hedge;
	bool others;
};

/* Why a page cannot be had. The last two are a reader's bad luck: the page may be had later. */
enum zcache_loss_cause {
	ZCACHE_LOSS_RESTARTED,	/* the donor came back in a new incarnation */
	ZCACHE_LOSS_REMOVED,	/* the donor was removed */
	ZCACHE_LOSS_MISSED,	/* the donor says that it does not hold it */
	ZCACHE_LOSS_UNREADABLE,	/* what the donor sent is not the page */
	ZCACHE_LOSS_UNANSWERED,	/* the donor did not answer in time */
};

/**
 * struct zcache_loss - pages that have no copy, or none that could be had
 * @dev:   device id
 * @slot:  the first
 * @pages: how many
 * @donor: the last that should have had a copy
 * @cause: what became of it
 */
struct zcache_loss {
	u32 dev;
	u32 slot;
	u64 pages;
	u16 donor;
	enum zcache_loss_cause cause;
};

/**
 * struct zcache_remote_ops - a remote tier
 *
 * All are called in process context, on behalf of memory reclaim: no
 * GFP_KERNEL, no unbounded waits.
 *
 * @roomy: which donors take pages of a device, now or when their answers are in? At most @max of them
 *	are put into @donor; returns how many. @patient: or when they have forgotten what they should
 *	not have. Who has just taken none, though it says that it has room, is none of them
 * @push_begin: choose @copies donors for a batch of @dev's and reserve what it needs.
 *	NULL: none can take any now; zcache_remote_kick() will tell.
 * @push_add: room for a zpage of @len bytes in the batch, with rec[nr] filled
 *	but for @entry; the caller writes the bytes there. NULL: full.
 * @push_submit: send it; zcache_push_done() follows, once; from within this call only if a
 *	donor does not get it. A batch with no record is just put back, without.
 * @fetch: get it. 0: zcache_fetch_done() follows, once, never from within this
 *	call, maybe before its return. An errno: it cannot be had from there now, or has been
 *	waited for long enough. It may wait for company until @fetch_end.
 * @fetch_end: no more fetches for now: send what waits. @atomic: without sleeping.
 * @flush: tell @donor to forget @slot up to and with @version.
 *	zcache_flush_done() follows if 0 is returned. -EAGAIN: no room now,
 *	zcache_remote_kick() will tell. -ENOTCONN: the donor is not up; it will
 *	tell, too. -ENOENT: the donor is unknown or has forgotten all.
 * @flush_end: no more flushes for now: send what waits for company.
 * @flush_device: tell all donors to forget the device. Best effort; waits a
 *	bounded time for their answers.
 * @lost: pages are lost, or could not be had: tell the administrator. Does not sleep.
 */
struct zcache_remote_ops {
	struct module *owner;
	unsigned int (*roomy)(u32 dev, bool patient, u16 *donor, unsigned int max);
	struct zcache_push *(*push_begin)(u32 dev, unsigned int copies);
	void *(*push_add)(struct zcache_push *push, u32 slot, u16 version, u8 comp, u16 len);
	void (*push_submit)(struct zcache_push *push);
	int (*fetch)(struct zcache_fetch *fetch);
	void (*fetch_end)(bool atomic);
	int (*flush)(u16 donor, u32 dev, u32 slot, u16 version);
	void (*flush_end)(void);
	void (*flush_device)(u32 dev);
	void (*lost)(const struct zcache_loss *loss);
};

/* One tier at a time: -EBUSY if there is one. May sleep. */
int zcache_register_remote(const struct zcache_remote_ops *ops);

/*
 * From the return on no op is running or will be called. The tier's module is
 * pinned while any page is remote or in flight, so there is nothing to drain.
 * All pushes, fetches and flushes must have been answered. May sleep.
 */
void zcache_unregister_remote(const struct zcache_remote_ops *ops);

/* Donors changed state, or have room or credits again. Any context. */
void zcache_remote_kick(void);

/* @donor can be reached (again): flushes that waited for it are sent. Any context. */
void zcache_donor_up(u16 donor);

/*
 * @donor was silent for too long: pages that have too few copies without it are
 * repaired, where they can be. What it holds is used again if it comes back. Any context.
 */
void zcache_donor_down(u16 donor);

/*
 * Copies that no entry lists may be left on a donor that could not be told: their pages were
 * repaired, or were stored anew, while it was away. It gets rid of them in one of two ways, both
 * while nothing is on its way to it and no batch for it is begun:
 *
 * zcache_donor_is_litter(): no entry lists any copy there: it may be told to forget all.
 * zcache_donor_sweep(): tells it to forget each slot of which no entry lists a copy there. 0, or
 * an errno: not all could be told.
 *
 * When it has confirmed that, zcache_donor_swept(). Batches that were begun before count on it
 * no more. zcache_donor_is_littered(): is it worth the trouble?
 *
 * Context: the first and second may sleep, long; any.
 */
bool zcache_donor_is_litter(u16 donor);
int zcache_donor_sweep(u16 donor);
void zcache_donor_swept(u16 donor);
bool zcache_donor_is_littered(u16 donor);

/* The batch was answered, or its connection broke. The batch is the tier's again on return. Process context. */
void zcache_push_done(struct zcache_push *push);

/**
 * zcache_fetch_done - a fetch has ended
 * @fetch: which; not to be touched afterwards
 * @err:  0; -ENOENT: the donor does not hold this version, or it returned something else
 *	  in its place; -ETIME: it takes long; another: it could not be had from this donor now
 * @data: the zpage, linear; the tier's again on return
 * @len:  its length as the donor says; any value is tolerated
 *
 * Context: process or softirq.
 */
void zcache_fetch_done(struct zcache_fetch *fetch, int err, const void *data, size_t len);

/* A flush was answered (@err 0) or its connection broke. Process context. */
void zcache_flush_done(u16 donor, u32 dev, u32 slot, u16 version, int err);

/*
 * @donor came back in a new incarnation, or was removed: what it held is gone.
 * Returns the number of copies that were there. May sleep, long.
 */
unsigned long zcache_donor_forgot(u16 donor, enum zcache_loss_cause cause);

/**
 * zcache_donor_evacuate - take pages back from a donor, in the background
 * @donor: whose
 * @pages: how many copies it is to lose, beginning with any; U64_MAX: all, and none is to
 *	   come until told otherwise; 0: no more
 *
 * They come home, and from there go the way of all pages: to other donors, to
 * the backing device, or nowhere. Until that many have left, zcache_donor_is_leaving() is true, and
 * the tier chooses @donor for no batch. What cannot be moved now is tried again. If all are to leave a
 * donor that is dead, those are given up at once that are elsewhere, too, or on the backing device.
 * zcache_donor_pages() tells how far it is.
 *
 * Context: any.
 */
void zcache_donor_evacuate(u16 donor, u64 pages);
bool zcache_donor_is_leaving(u16 donor);

/* Copies of our pages that @donor holds, by our index. Any context. */
u64 zcache_donor_pages(u16 donor);

/* Where a device's pages are. */
struct zcache_books {
	char name[32];
	u32 id;
	u64 slots;
	u64 used;
	u64 local;	/* in the cache, same-filled ones too */
	u64 in_flight;	/* of these, in a batch to a donor: not in local */
	u64 remote;
	u64 backing;	/* on the backing device only */
	u64 freed;	/* entries of slots that are free again, not yet forgotten; not in used */
	char backing_path[64];	/* empty: none */
};

/* The books of the first device with an id >= @id; false at the end. May sleep. */
bool zcache_read_books(u32 id, struct zcache_books *books);

/* Each counter of this module and those beneath it, by group. May sleep. */
void zcache_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx);
void zcache_fswap_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx);
void zcache_zbud_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx);

#endif
