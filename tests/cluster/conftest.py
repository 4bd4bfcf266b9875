# SPDX-License-Identifier: GPL-2.0
"""Fixtures: a test asks for clusters and gets judged by their kernel logs too."""

import pytest
from vmlab import Cluster


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
