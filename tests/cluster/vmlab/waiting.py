# SPDX-License-Identifier: GPL-2.0
"""Waiting for something to become true, with a deadline."""

import time


class Timeout(AssertionError):
    """What was waited for did not come."""


# By how much longer everything takes on the kernel under test
PATIENCE = 1


def be_patient(factor):
    global PATIENCE
    PATIENCE = factor


def deadline_in(timeout):
    """When a wait of so many seconds ends; longer where the kernel checks itself."""
    return time.monotonic() + timeout * PATIENCE


def wait_until(condition, what, timeout=60, every=0.2):
    """Call condition() until it returns something true, and return that."""
    deadline = deadline_in(timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {timeout} s: {what}; last seen: {value!r}")
        time.sleep(every)
