// SPDX-License-Identifier: GPL-2.0
/*
 * policy.c - when a page of a device counts as durable
 *
 * Safe unless told otherwise: a device in whose set-up one failure can lose a page
 * does not go live, and a live one does not become one, unless its allow_loss is set.
 */
#define pr_fmt(fmt) "frontswap: " fmt

#include "policy.h"

#include "backend.h"

static struct fswap_policy effective(const struct fswap_dev *dev, enum fswap_backup backup,
				     u8 replicas, bool allow_loss)
{
	struct fswap_policy policy = { .allow_loss = allow_loss };

	policy.backup = backup == FSWAP_BACKUP_DISK ||
			(backup == FSWAP_BACKUP_DEFAULT && dev->backing);
	policy.replicas = replicas ?: policy.backup ? 1 : 2;
	return policy;
}

/**
 * fswap_policy - when a page of a device counts as durable
 * @dev: the device
 *
 * See frontswap.h. Any context.
 */
struct fswap_policy fswap_policy(const struct fswap_dev *dev)
{
	return effective(dev, READ_ONCE(dev->backup), READ_ONCE(dev->replicas),
			 READ_ONCE(dev->allow_loss));
}
EXPORT_SYMBOL_GPL(fswap_policy);

/**
 * fswap_policy_check - is a policy right for a device that is, or becomes, live?
 * @dev:	the device
 * @attr:	what is being changed, for the log
 * @backup:	as in the device
 * @replicas:	likewise
 * @allow_loss: likewise
 *
 * Return: 0, or -EINVAL with the reason in the log.
 */
int fswap_policy_check(const struct fswap_dev *dev, const char *attr, enum fswap_backup backup,
		       u8 replicas, bool allow_loss)
{
	struct fswap_policy policy = effective(dev, backup, replicas, allow_loss);

	lockdep_assert_held(&fswap_lock);
	if (policy.backup && !dev->backing) {
		pr_err("%s: %s: backup disk wants a backing device\n", dev->name, attr);
		return -EINVAL;
	}
	if (!policy.backup && policy.replicas < 2 && !policy.allow_loss) {
		pr_err("%s: %s: with backup none and replicas 1, one failing node can lose pages: backup disk, replicas 2 or 3, or allow_loss 1 is wanted\n",
		       dev->name, attr);
		return -EINVAL;
	}
	return 0;
}

static int change(struct fswap_dev *dev, const char *attr, enum fswap_backup backup, u8 replicas,
		  bool allow_loss)
{
	int err = 0;

	if (dev->live)
		err = fswap_policy_check(dev, attr, backup, replicas, allow_loss);
	if (err)
		return err;
	WRITE_ONCE(dev->backup, backup);
	WRITE_ONCE(dev->replicas, replicas);
	WRITE_ONCE(dev->allow_loss, allow_loss);
	fswap_backend_policy_changed(dev);
	return 0;
}

/**
 * fswap_policy_set_backup - choose where a page must be beside its donors
 * @dev:    the device
 * @backup: FSWAP_BACKUP_*
 *
 * Return: 0 or -EINVAL, with the reason in the log and nothing changed.
 */
int fswap_policy_set_backup(struct fswap_dev *dev, enum fswap_backup backup)
{
	return change(dev, "backup", backup, dev->replicas, dev->allow_loss);
}

/**
 * fswap_policy_set_replicas - choose how many others must have a page
 * @dev:      the device
 * @replicas: 1 to 3
 *
 * Return: 0 or -EINVAL, with the reason in the log and nothing changed.
 */
int fswap_policy_set_replicas(struct fswap_dev *dev, u8 replicas)
{
	return change(dev, "replicas", dev->backup, replicas, dev->allow_loss);
}

/**
 * fswap_policy_set_allow_loss - may one failure lose pages?
 * @dev:        the device
 * @allow_loss: whether
 *
 * Return: 0 or -EINVAL, with the reason in the log and nothing changed.
 */
int fswap_policy_set_allow_loss(struct fswap_dev *dev, bool allow_loss)
{
	return change(dev, "allow_loss", dev->backup, dev->replicas, allow_loss);
}
