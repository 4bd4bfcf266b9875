# SPDX-License-Identifier: GPL-2.0
"""Fixtures: a test asks for clusters and gets judged by their kernel logs too."""

import pytest
from vmlab import Cluster


# A worker that ends with one of these keeps the run waiting
LONG_FILES = ("test_frontswap", "test_programs", "test_two_nodes", "test_local_cache")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONG_FILES)


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
