# SPDX-License-Identifier: GPL-2.0
"""Plots into build/bench/, by matplotlib or else gnuplot, whichever Debian package is there."""

import importlib.util
import shutil
import subprocess


def bars(results, workload):
    """(system, median, low, high) of a workload's time."""
    for name, entry in results["workloads"].get(workload, {}).items():
        if "total" in entry.get("median", {}):
            yield name, entry["median"]["total"], entry["low"]["total"], entry["high"]["total"]


def curves(results, workload, key="histogram"):
    """(system, [(microseconds, share of page-ins that took no longer)])."""
    for name, entry in results["workloads"].get(workload, {}).items():
        counts = {}
        for sample in entry["samples"]:
            for us, count in sample.get(key, []):
                counts[us] = counts.get(us, 0) + count
        seen, points, total = 0, [], sum(counts.values())
        for us in sorted(counts):
            seen += counts[us]
            points.append((us, seen / total))
        if points:
            yield name, points


def by_matplotlib(path, title, found, is_bars):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    if is_bars:
        names, medians, lows, highs = zip(*found)
        below = [m - low for m, low in zip(medians, lows)]
        above = [high - m for m, high in zip(medians, highs)]
        axes.barh(names, medians, xerr=[below, above], capsize=4)
        axes.invert_yaxis()
        axes.set_xlabel("seconds: median, least and most")
    else:
        for name, points in found:
            axes.step(*zip(*points), where="post", label=name)
        axes.set_xscale("log")
        axes.set_xlabel("microseconds")
        axes.set_ylabel("share of page-ins that took no longer")
        axes.legend()
    axes.set_title(title)
    figure.savefig(path)
    pyplot.close(figure)


def by_gnuplot(path, title, found, is_bars):
    lines = [
        "set terminal pngcairo size 900,500 noenhanced", f"set output '{path}'",
        f"set title '{title}'", "$data << END",
    ]
    if is_bars:
        lines += [f"{name} {median} {low} {high}" for name, median, low, high in found]
        lines += [
            "END", "set style fill solid 0.5", "set boxwidth 0.7", "set yrange [0:*]",
            "set ylabel 'seconds: median, least and most'", "set xtics rotate by -30",
            "plot $data using 0:2:xtic(1) with boxes notitle, "
            "$data using 0:2:3:4 with yerrorbars notitle",
        ]
    else:
        for _, points in found:
            lines += [f"{us} {share}" for us, share in points] + ["", ""]
        lines += [
            "END", "set logscale x", "set xlabel 'microseconds'", "set key bottom right",
            "set ylabel 'share of page-ins that took no longer'",
            "plot " + ", ".join(
                f"$data index {i} using 1:2 with steps linewidth 2 title '{name}'"
                for i, (name, _) in enumerate(found)
            ),
        ]
    subprocess.run(
        ["gnuplot"], input="\n".join(lines) + "\n", text=True, check=True, capture_output=True
    )


def draw(results, folder):
    """Draws what there is data for; yields a line about each plot."""
    if importlib.util.find_spec("matplotlib"):
        by = by_matplotlib
    elif shutil.which("gnuplot"):
        by = by_gnuplot
    else:
        yield "no plots: install gnuplot-nox (scripts/bootstrap bench) or python3-matplotlib"
        return
    wanted = [
        ("fill_read_touch", "fill, read, touch at random: time", None),
        ("incompressible", "the same, incompressible contents: time", None),
        ("same_filled", "the same, same-filled pages: time", None),
        ("page_in", "page-in, one thread, one page", "histogram"),
        ("page_in", "the same, in the kernel: from the request to the page", "kernel_histogram"),
    ]
    for workload, title, histogram in wanted:
        is_bars = histogram is None
        found = list(bars(results, workload) if is_bars else curves(results, workload, histogram))
        path = folder / f"{workload}{'_kernel' if histogram == 'kernel_histogram' else ''}.png"
        if not found:
            continue
        try:
            by(path, title, found, is_bars)
            yield f"build/{folder.name}/{path.name}"
        except Exception as problem:  # a plot is not worth the run that it shows
            reason = getattr(problem, "stderr", None) or problem
            yield f"{path.name} could not be drawn: {reason}"
