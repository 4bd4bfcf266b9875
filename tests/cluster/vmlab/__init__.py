# SPDX-License-Identifier: GPL-2.0
"""Clusters of small VMs on one machine, for tests: Cluster, Node, Link."""

from .agent import CommandFailed, Result
from .cluster import Cluster, Link
from .kernel_log import DirtyLog
from .node import Node, NodeDied
from .waiting import Timeout, wait_until

__all__ = [
    "Cluster",
    "CommandFailed",
    "DirtyLog",
    "Link",
    "Node",
    "NodeDied",
    "Result",
    "Timeout",
    "wait_until",
]
