# SPDX-License-Identifier: GPL-2.0
"""The bench itself: what it makes of samples, and that a small run of it gives figures."""

import json
import sys

import pytest
from vmlab.paths import TOP

sys.path.insert(0, str(TOP / "bench"))

import fetch_trace  # noqa: E402
import memory  # noqa: E402
import mixed  # noqa: E402
import plots  # noqa: E402
import run  # noqa: E402
import scale  # noqa: E402
import workloads  # noqa: E402


def begin(monkeypatch, tmp_path, *words):
    monkeypatch.setattr(sys, "argv", ["run.py", "--out", "bench-test", *words])
    bench = run.Bench(run.arguments())
    bench.out = tmp_path
    return bench


def cell(bench, workload, system):
    return next(c for (w, name), c in bench.cells.items() if (w.name, name) == (workload, system))


def written(tmp_path):
    return json.loads((tmp_path / "results.json").read_text())


def give(bench, workload, system, *samples):
    """Five of these, or so many."""
    cell(bench, workload, system).samples.extend(samples * 5 if len(samples) == 1 else samples)


def goals_of(bench, tmp_path):
    bench.write()
    return written(tmp_path)["goals"]


def test_a_goal_is_a_ratio_of_medians(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    for total in (30, 10, 20, 20, 10):
        cell(bench, "fill_read_touch", "ours").samples.append({"total": total})
    for total in (50, 40, 90, 50, 40):
        cell(bench, "fill_read_touch", "nvme_tcp").samples.append({"total": total})
    bench.write()
    results = written(tmp_path)
    goal = results["goals"]["fill_read_touch_vs_nvme_tcp"]
    assert (goal["value"], goal["met"], goal["samples"]) == (0.4, True, 5)
    assert results["ratios"]["total_vs_nvme_tcp"] == 0.4
    ours = results["workloads"]["fill_read_touch"]["ours"]
    assert (ours["low"]["total"], ours["high"]["total"]) == (10, 30)


def test_a_goal_is_not_met_by_too_few_samples(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    give(bench, "fill_read_touch", "ours", {"total": 20})
    give(bench, "fill_read_touch", "nvme_tcp", *4 * [{"total": 50}])
    goal = goals_of(bench, tmp_path)["fill_read_touch_vs_nvme_tcp"]
    assert (goal["value"], goal["within"], goal["met"], goal["enough"]) == (0.4, True, None, False)
    assert goal["reason"] == "too few samples: 4 of 5"
    table = (tmp_path / "table.md").read_text()
    assert "(within)" in table and "4 of 5" in table
    give(bench, "fill_read_touch", "nvme_tcp", *2 * [{"total": 50}])
    assert goals_of(bench, tmp_path)["fill_read_touch_vs_nvme_tcp"]["met"] is True


@pytest.mark.parametrize(
    "workload, name, most",
    [("memory", "owner_bytes_per_remote_page", 1), ("many_donors", "many_donors", 3)],
)
def test_who_has_fewer_samples_to_give_is_judged_by_those(monkeypatch, tmp_path, workload, name, most):
    bench = begin(monkeypatch, tmp_path)
    sample = {"owner_bytes_per_remote_page": 9, "remote_pages": 62_437, "ratio": 1}
    for given in range(1, most + 1):
        cell(bench, workload, "remote").samples.append(sample)
        goal = goals_of(bench, tmp_path)[name]
        assert goal["met"] is (True if given == most else None)
        assert goal["samples_wanted"] == most


def test_unsealed_is_judged_with_authentication(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    totals = {"ours": 95, "ours_unsealed": 90, "ours_in_the_clear": 70, "nvme_tcp": 100}
    for system, total in totals.items():
        give(bench, "incompressible", system, {"total": total})
    goals = goals_of(bench, tmp_path)
    for how, value, met in (("", 0.95, True), ("_unsealed", 0.9, False), ("_in_the_clear", 0.7, True)):
        goal = goals[f"incompressible{how}_vs_nvme_tcp"]
        assert (goal["value"], goal["met"]) == (value, met), how


def test_what_goals_need_comes_first(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    order = [(workload.name, name) for (workload, name), _ in bench.order()]
    assert set(order) == {(w.name, name) for w, name in bench.cells}
    needed = run.goals.needed()
    assert needed <= set(order), "a goal is about what no run gives"
    assert {*order[:len(needed)]} == needed
    only = begin(monkeypatch, tmp_path, "--only-goals")
    assert {(w.name, name) for w, name in only.cells} == needed


def test_make_is_judged_where_the_disk_is_twice_as_slow(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    give(bench, "make_unpressed", "none", {"total": 100})
    for jobs, ours, disk in ((4, 110, 150), (8, 130, 260), (12, 160, 900)):
        give(bench, f"make_{jobs}", "ours", {"total": ours})
        give(bench, f"make_{jobs}", "zram", {"total": 100})
        give(bench, f"make_{jobs}", "disk_hdd", {"total": disk})
    bench.write()
    goals = written(tmp_path)["goals"]
    assert (goals["make_vs_disk"]["value"], goals["make_vs_disk"]["met"]) == (2, True)
    assert (goals["make_vs_zram"]["value"], goals["make_vs_zram"]["met"]) == (1.6, False)


def test_what_has_no_figure_says_why(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "fill_read_touch", "--systems", "ours,zram")
    cell(bench, "fill_read_touch", "ours").samples.append({"total": 30})
    cell(bench, "fill_read_touch", "zram").cannot = "no such module"
    bench.write()
    goals = written(tmp_path)["goals"]
    assert goals["fill_read_touch_vs_zram"]["reason"].endswith("zram: no such module")
    assert goals["fill_read_touch_vs_nvme_tcp"]["reason"].endswith("nvme_tcp was not asked for")
    assert goals["page_in_p50_vs_tcp"]["reason"] == "page_in was not asked for"
    assert all(goal["value"] is None and goal["reason"] for goal in goals.values())
    assert "zram: could not run: no such module" in (tmp_path / "table.md").read_text()


@pytest.mark.parametrize(
    "workload, kind",
    [("fill_read_touch", "ours"), ("incompressible", "ours"), ("page_in", "remote"),
     ("instructions", "remote")],
)
def test_sealing_and_authentication_have_a_price_each(monkeypatch, tmp_path, workload, kind):
    """From one system to the next one thing less is done, and all else is the same."""
    bench = begin(monkeypatch, tmp_path, "--workloads", workload)
    names = [kind, f"{kind}_unsealed", f"{kind}_in_the_clear"]
    places = [bench.systems_of(bench.workloads[0]).index(name) for name in names]
    assert places == list(range(places[0], places[0] + 3)), "rows to compare are not side by side"
    sealed, unsealed, clear = (dict(vars(bench.systems[name])) for name in names)
    settings = [system.pop("settings") for system in (sealed, unsealed, clear)]
    assert settings == [{}, {"seal": "off"}, {"seal": "off", "key": None, "insecure": 1}]
    for system in (sealed, unsealed, clear):
        del system["name"], system["about"]
    assert sealed == unsealed == clear


def test_what_sealing_costs_is_a_ratio(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    for system, total in (("ours", 30), ("ours_unsealed", 25), ("ours_in_the_clear", 24)):
        cell(bench, "fill_read_touch", system).samples.append({"total": total})
    bench.write()
    ratios = written(tmp_path)["ratios"]
    assert (ratios["total_vs_ours_unsealed"], ratios["total_vs_ours_in_the_clear"]) == (1.2, 1.25)


class Recorder:
    """A node that is asked for nothing but pagefill."""

    def __init__(self, monkeypatch):
        self.options = []
        monkeypatch.setattr(workloads, "on_swap", lambda cluster, system, work: work())
        monkeypatch.setattr(workloads, "Meter", lambda cluster, donors: self)
        monkeypatch.setattr(workloads.ramster, "pagefill", self.pagefill)

    def costs(self):
        return {}

    def pagefill(self, node, megabytes, options, timeout):
        self.options.append(options)
        return {"seconds": 1, "phases": []}


def test_contents_are_of_three_kinds(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "fill_read_touch,incompressible,same_filled")
    node = Recorder(monkeypatch)
    for workload in bench.workloads:
        workload.run({"a": node}, bench.systems["ours"], bench.options)
    assert bench.systems_of(bench.workloads[-1]) == ["ours", "nvme_tcp", "zram"]
    assert node.options == ["--content real", "--content random", "--content same"]


def test_redis_has_less_and_less_local_memory(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    ram = {
        w.local: w.machines(bench.options).owner_mb for w in bench.workloads if w.name.startswith("redis")
    }
    assert sorted(ram) == [25, 50, 75, 100]
    assert ram[100] > ram[75] and ram[75] - ram[50] == ram[50] - ram[25] > 0
    for local in (75, 50, 25):
        systems = bench.systems_of(next(w for w in bench.workloads if w.name == f"redis_{local}"))
        assert systems == ["ours", "nvme_tcp", "zram"], "rows to compare are of the same systems"


def test_mixed_moves_pages_both_ways(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "mixed")
    assert bench.systems_of(bench.workloads[0]) == ["ours", "nvme_tcp", "nbd", "zram"]
    rewrite = {"seconds": 2.0, "timed": 90, "p50_us": 1.0, "p99_us": 2.0, "p999_us": 3.0}
    found = mixed.figures({"pages_in": 1000, "pages_out": 600}, rewrite)
    assert (found["in_pages_s"], found["out_pages_s"], found["moved_pages_s"]) == (500, 300, 800)
    assert found["p999_us"] == 3.0


@pytest.mark.parametrize("name, key", [("many_pages", "ratio"), ("many_pages_index", "index_ratio")])
def test_a_million_pages_are_judged_with_a_million(monkeypatch, tmp_path, name, key):
    bench = begin(monkeypatch, tmp_path, "--workloads", "many_pages")
    sample = {key: 1.05, "pages": 98_000}
    cell(bench, "many_pages", "remote").samples.append(sample)
    goals_of(bench, tmp_path)
    assert f"{name}: not judged: too small" in (tmp_path / "table.md").read_text(), "with few samples, too"
    give(bench, "many_pages", "remote", sample)
    goal = goals_of(bench, tmp_path)[name]
    assert (goal["value"], goal["within"], goal["met"], goal["enough"]) == (1.05, True, None, True)
    assert goal["reason"] == "too small: 98,000 pages of 900,000 at least"
    sample["pages"] = 998_000
    assert goals_of(bench, tmp_path)[name]["met"] is True


def test_ram_per_page_is_not_judged_by_a_few_pages(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "memory")
    give(bench, "memory", "remote", {"owner_bytes_per_remote_page": 10.8, "remote_pages": 30_866})
    goal = goals_of(bench, tmp_path)["owner_bytes_per_remote_page"]
    assert (goal["met"], goal["reason"]) == (None, "too small: 30,866 remote_pages of 50,000 at least")


def test_eight_donors_may_not_make_the_index_larger(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "many_donors")
    figures = scale.index_figures("one", 9.4, "eight", 10.6)
    assert figures["index_ratio"] == round(10.6 / 9.4, 3)
    give(bench, "many_donors", "remote", *3 * [{"ratio": 1, **figures}])
    goals = goals_of(bench, tmp_path)
    assert (goals["many_donors"]["met"], goals["many_donors_index"]["met"]) == (True, False)


def test_the_owners_index_is_without_entries_of_local_pages(monkeypatch):
    held = [{"zc_entry": 100, "radix_tree_node": 500, "tmem_obj": 80},
            {"zc_entry": 900, "radix_tree_node": 9500, "tmem_obj": 40}]
    monkeypatch.setattr(memory, "held", lambda node, kinds: held.pop(0))
    monkeypatch.setattr(memory, "entry_bytes", lambda node: 40)
    monkeypatch.setattr(memory.ramster, "counter", lambda node, group, name: 20)
    monkeypatch.setattr(memory.ramster, "device_stats", lambda node: {"above": 1000})
    maps = round(1000 * memory.MAP_BITS / 8)
    assert memory.OwnersIndex("a").bytes_per_page() == (9000 + maps) / 1000


class Counted:
    """A node that has nothing but counters of ramster.ko."""

    def __init__(self, **counters):
        self.counters = counters

    def alive(self):
        return True


def test_wakeups_are_by_page_moved(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path)
    monkeypatch.setattr(workloads.ramster, "lost_pages", lambda node: 0)
    monkeypatch.setattr(workloads.ramster, "counters", lambda node, group: node.counters)
    monkeypatch.setattr(workloads.ramster, "counter", lambda node, group, name: node.counters[name])
    owner = Counted(pages_remotified=600, pages_fetched=400, put_frames=30, get_frames=200, rx_wakeups=250)
    nodes = {"a": owner, "b": Counted(rx_wakeups=100), "c": Counted(rx_wakeups=50)}
    facts = bench.systems["remote_replicas2"].facts(nodes)
    assert (facts["rx_wakeups_per_page"], facts["donor_rx_wakeups_per_page"]) == (0.25, 0.15)
    owner.counters.update(pages_remotified=0, pages_fetched=0)
    assert "rx_wakeups_per_page" not in bench.systems["remote"].facts(nodes)


def test_the_table_has_switches_and_wakeups_by_page(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--workloads", "fill_read_touch,page_in,mixed,make_4")
    costs = {"owner_switches_per_page": 1.5, "donor_switches_per_page": 2.5, "rx_wakeups_per_page": 0.75}
    for workload in bench.workloads:
        give(bench, workload.name, "ours", {"total": 1, **costs})
    bench.write()
    for table in (tmp_path / "table.md").read_text().split("\n## ")[:4]:
        assert all(str(cost) in table for cost in costs.values()), table
        assert "owner switches/page" in table and "rx wakeups/page" in table


def traced(lines, lost=0):
    count = len(lines)
    head = f"# tracer: nop\n#\n# entries-in-buffer/entries-written: {count}/{count + lost}   #P:1\n"
    return head + "".join(f"  pagefill-12  [000] .....  {line}\n" for line in lines)


def fetch(at, slot, done=None, donor=2):
    zpage = f"donor={donor} dev=0 slot={slot} version=1"
    return f"{at:.6f}: rs_fetch{f'_done: {zpage} {done}' if done else f': {zpage}'}"


GOT, FAILED = "len=1900 err=0", "len=0 err=-5"


def test_what_the_kernel_waits_for_a_page_is_from_its_trace():
    lines = [
        fetch(1.0, 5), fetch(1.0001, 6), fetch(1.0002, 5, donor=3),  # asked of another one, too
        fetch(1.001, 5, GOT), fetch(1.0021, 6, GOT), fetch(1.005, 5, FAILED, donor=3),
        fetch(2.0, 5), fetch(2.003, 5, GOT), fetch(2.5, 9, GOT),  # 9: from before it was traced
    ]
    times, failed = fetch_trace.fetch_times(traced(lines))
    assert (times, failed) == ([1000, 2000, 3000], 1)
    with pytest.raises(AssertionError, match="lost 4 of 13"):
        fetch_trace.fetch_times(traced(lines, lost=4))


def test_percentiles_and_histogram_of_fetches():
    found = fetch_trace.spread([1000.0] * 989 + [3000.0] * 10 + [9000.0], 2)
    figures = [found[f"kernel_{key}"] for key in ("timed", "failed", "p50_us", "p99_us", "p999_us", "max_us")]
    assert figures == [1000, 2, 1000, 3000, 9000, 9000]
    ends, counts = zip(*found["kernel_histogram"])
    assert counts == (989, 10, 1)
    assert all(us < end <= us * (1 + 1 / 32) for us, end in zip((1000, 3000, 9000), ends))
    assert fetch_trace.spread([], 0) == {"kernel_timed": 0, "kernel_failed": 0}


def test_both_histograms_of_a_page_in_are_drawn():
    sample = {"histogram": [[1.0, 1], [2.0, 3]], "kernel_histogram": [[0.5, 2]]}
    results = {"workloads": {"page_in": {"remote": {"samples": [sample]}}}}
    assert list(plots.curves(results, "page_in")) == [("remote", [(1.0, 0.25), (2.0, 1)])]
    assert list(plots.curves(results, "page_in", "kernel_histogram")) == [("remote", [(0.5, 1)])]


def test_a_run_without_plots_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(plots.shutil, "which", lambda name: None)
    (line,) = plots.draw({"workloads": {}}, tmp_path)
    assert "scripts/bootstrap bench" in line
    assert "gnuplot-nox" in (TOP / "scripts" / "bootstrap").read_text()


def test_what_a_round_takes_is_in_the_documents(monkeypatch, tmp_path):
    text = (TOP / "docs" / "PERFORMANCE.md").read_text()
    assert [w.name for w in run.WORKLOADS if f"`{w.name}`" not in text] == []
    goals_alone = round(run.guess(run.WORKLOADS, run.goals.needed()))
    assert f"{goals_alone} minutes if all took" in text
    assert f"{round(run.guess(run.WORKLOADS)) - goals_alone} more" in text


def test_no_sample_begins_that_would_end_too_late(monkeypatch, tmp_path):
    bench = begin(monkeypatch, tmp_path, "--minutes", "0.1")
    bench.run()
    assert bench.lab.booted == 0
    assert all(c.summary()["reason"].startswith("no time left") for c in bench.cells.values())


@pytest.mark.slow
def test_a_small_run(monkeypatch, tmp_path):
    bench = begin(
        monkeypatch, tmp_path, "--workloads", "fill_read_touch,page_in", "--systems", "remote,zram",
        "--fill-mb", "210", "--page-in-mb", "24",
    )
    bench.run()
    assert not bench.failed()
    results = written(tmp_path)
    goals = results["goals"]
    assert goals["swap_out_vs_zram"]["value"] > 0
    assert goals["page_in_p50_vs_tcp"]["value"] > 0.5
    remote = results["workloads"]["page_in"]["remote"]["median"]
    assert remote["pages_remotified"] > 24 * 256 // 2
    assert remote["timed"] > 24 * 256 // 10
    assert remote["kernel_timed"] > 24 * 256 // 10
    assert 0 < remote["kernel_p50_us"] < remote["kernel_p999_us"] < remote["kernel_max_us"] + 1
    assert results["workloads"]["fill_read_touch"]["zram"]["median"]["pages_out"] > 0
