# SPDX-License-Identifier: GPL-2.0
"""Fixtures: a test asks for clusters and gets judged by their kernel logs too."""

import os
import time

import pytest
from vmlab import Cluster

# Long ones, for a worker that ends with one of these keeps the run waiting; and what should not
# be left out if the time is over before the rest
FIRST = [
    f"test_{name}"
    for name in ("two_nodes", "local_cache", "failures", "soak", "frontswap", "security", "programs")
]

# No test begins after that; seconds since 1970
UNTIL = float(os.environ.get("RAMSTER_TEST_UNTIL", "inf"))


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (FIRST + [item.path.stem]).index(item.path.stem))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if time.time() > UNTIL:
        pytest.skip("the time is over; make test-all has it")


@pytest.fixture
def make_cluster(request):
    """make_cluster("ab", ram=256): a booted Cluster, gone when the test ends."""
    clusters = request.node.clusters = []

    def make(names, boot=True, **machine):
        name = f"{request.node.path.stem}-{request.node.name}"
        if clusters:
            name += f"-{len(clusters)}"
        cluster = Cluster(names, name=name, **machine)
        clusters.append(cluster)
        if boot:
            cluster.boot()
        return cluster

    yield make
    for cluster in clusters:
        cluster.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test that went well still fails if a kernel complained meanwhile."""
    outcome = yield
    outcome.get_result()
    for cluster in getattr(pyfuncitem, "clusters", []):
        cluster.check_logs()
