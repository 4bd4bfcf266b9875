# SPDX-License-Identifier: GPL-2.0
"""All workloads, in the order in which a round runs them: the longest, builds, last."""

from builds import JOBS, ParallelBuild
from instructions import Instructions, NoPressure
from mixed import Mixed
from programs import DonorDies, Redis
from scale import ManyDonors, ManyPages
from workloads import FillReadTouch, Memory, PageIn

REDIS = ["ours", "nvme_tcp", "zram"]

WORKLOADS = [
    FillReadTouch(),
    FillReadTouch("incompressible", "random",
                  ["ours", "ours_unsealed", "ours_in_the_clear", "nvme_tcp"]),
    FillReadTouch("same_filled", "same", ["ours", "nvme_tcp", "zram"]),
    PageIn(),
    Mixed(),
    DonorDies(),
    Memory(),
    Instructions(),
    NoPressure(),
    Redis(100, 448, ["none"]),
    Redis(75, 240, REDIS),
    Redis(50, 192, REDIS),
    Redis(25, 144, REDIS),
    ManyPages(),
    ManyDonors(),
    ParallelBuild(JOBS[-1], room=True),
    *map(ParallelBuild, JOBS),
]
