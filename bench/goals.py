# SPDX-License-Identifier: GPL-2.0
"""What is to be reached: ratios of medians of one run."""

from goal import AcrossWorkloads, Figures, Goal, MakeVsDisk, NoData, OverTheSum, WorstMake

# With fewer, what does not grow with them counts too much
ENOUGH_PAGES = ("remote_pages", 50_000)

# Nearly all of --many-pages 1000000: some are in the local pool
MILLION = ("pages", 900_000)

# fetch_timeout_ms as it comes
FETCH_DEADLINE_US = 8_000_000

GOALS = [
    *(
        Goal(f"fill_read_touch_vs_{them}", goal, "fill_read_touch", "ours", them,
             text=f"fill, read back, touch at random; real contents; time over {them}'s")
        for them, goal in (("nvme_tcp", 0.5), ("nbd", 0.4), ("zram", 1.15))
    ),
    Goal("incompressible_unsealed_vs_nvme_tcp", 0.8, "incompressible", "ours_unsealed", "nvme_tcp",
         text="fill, read back, touch at random; incompressible contents, authenticated but "
         "unsealed; time over nvme_tcp's"),
    Goal("incompressible_in_the_clear_vs_nvme_tcp", 0.8, "incompressible", "ours_in_the_clear",
         "nvme_tcp", text="fill, read back, touch at random; incompressible contents, in the clear; "
         "time over nvme_tcp's"),
    Goal("incompressible_vs_nvme_tcp", 1.0, "incompressible", "ours", "nvme_tcp",
         text="fill, read back, touch at random; incompressible contents, sealed; "
         "time over nvme_tcp's"),
    Goal("page_in_p50_vs_tcp", 1.3, "page_in", "remote", key="p50_vs_tcp",
         text="remote page-in, one thread, p50, over a TCP round trip of the same bytes"),
    *(
        Goal(f"page_in_{key}_vs_{them}", 0.7, "page_in", "remote", them, key=f"{key}_us",
             text=f"remote page-in, one thread, {key}, over {them}'s")
        for them in ("nvme_tcp", "nbd") for key in ("p50", "p99")
    ),
    Goal("swap_out_vs_zram", 1.1, "page_in", "remote", "zram", key="out_s",
         text="swap-out of compressible pages to the donor's RAM, time over zram's"),
    Goal("threads_16_vs_nvme_tcp", 1.5, "page_in", "remote", "nvme_tcp", key="pages_s_16",
         at_least=True, text="16 threads faulting, pages/s over NVMe/TCP's"),
    Goal("replicas2_swap_out", 1.6, "page_in", "remote_replicas2", "remote", key="out_s",
         text="swap-out with two replicas, time over that with one"),
    Goal("backup_disk_swap_out", 1.1, "page_in", "remote_backup_disk", "remote", key="out_s",
         text="swap-out with backup=disk, time over that without"),
    Goal("donor_dies_p99", FETCH_DEADLINE_US / 10, "donor_dies", "remote_replicas2", key="dying_p99_us",
         text="page-in while one of two donors dies, p99, us: another source is asked well before the "
         "deadline of a fetch"),
    Goal("owner_bytes_per_remote_page", 10, "memory", "remote",
         key="owner_bytes_per_remote_page", size=ENOUGH_PAGES,
         text="owner's RAM per remote page, bytes"),
    Goal("donor_bytes_beside_zpage", 48, "memory", "remote", key="donor_bytes_beside_zpage",
         size=ENOUGH_PAGES, text="donor's RAM per page beside the zpage, bytes"),
    Goal("donor_instructions_vs_nvmet", 0.7, "instructions", "remote", "nvme_tcp",
         key="donor_out_and_in", text="instructions a page out and in on the donor, over nvmet's"),
    Goal("donor_instructions_vs_nbd", 0.7, "instructions", "remote", "nbd",
         key="donor_out_and_in", text="instructions a page out and in on the donor, over nbd-server's"),
    OverTheSum("owner_instructions_vs_nvme_and_zram", 0.8, "instructions", "remote",
               ("nvme_tcp", "zram"), key="owner_out_and_in",
               text="instructions a page out and in on the owner, over NVMe/TCP's plus zram's"),
    Goal("no_pressure", 1.01, "no_pressure", "ours", "none", key="instructions",
         text="instructions of a program that swaps nothing, with us loaded over without"),
    AcrossWorkloads("redis_50_vs_all_local", 0.66, "redis_50", "ours", "none", key="requests_s",
                    at_least=True, other="redis_100",
                    text="redis with RAM for half of it, requests/s over all in RAM"),
    Goal("redis_50_vs_nvme_tcp", 2, "redis_50", "ours", "nvme_tcp", key="requests_s",
         at_least=True, text="redis with RAM for half of it, requests/s over NVMe/TCP's"),
    Goal("many_pages", 1.1, "many_pages", "remote", key="ratio", size=MILLION,
         text="p50 of a remote read with many pages (to be 1,000,000) over that with 10,000"),
    Goal("many_pages_index", 1.1, "many_pages", "remote", key="index_ratio", size=MILLION,
         text="owner's index, bytes per page, with many pages (to be 1,000,000) over that with 10,000"),
    Goal("many_donors", 1.1, "many_donors", "remote", key="ratio",
         text="p50 of a remote read with eight donors over that with one"),
    Goal("many_donors_index", 1.1, "many_donors", "remote", key="index_ratio",
         text="owner's index, bytes per page, with eight donors over that with one"),
    MakeVsDisk("make_vs_disk", 1.5, None, "disk_hdd", "ours", at_least=True,
               text="make -jN where a hard disk is twice as slow as unpressed, its time over ours"),
    WorstMake("make_vs_zram", 1.02, None, "ours", "zram",
              text="make -jN, time over zram's (compression alone) where that is worst"),
]


def needed():
    """(workload, system) of all that goals are judged by."""
    return {cell for goal in GOALS for cell in goal.cells()}


def judge(workloads, most_samples=None):
    figures = Figures(workloads, most_samples)
    return {goal.name: goal.judge(figures) for goal in GOALS}


def ratios(workloads):
    """What the first version of this file had, under the names it had there."""
    figures = Figures(workloads)
    found = {}
    for system in workloads.get("fill_read_touch", {}):
        if system == "ours":
            continue
        try:
            value = figures.ratio("fill_read_touch", "ours", system, "total")
            found[f"total_vs_{system}"] = round(value, 3)
        except NoData:
            found[f"total_vs_{system}"] = None
    return found
