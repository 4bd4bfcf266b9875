# SPDX-License-Identifier: GPL-2.0
"""The tables of a run, for a terminal and as build/bench/table.md."""

from goal import NOT_ASKED_FOR


def number(value):
    if value is None:
        return ""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def label(key):
    """A column's head."""
    for long, short in (("_per_1000_pages", "/1000 p."), ("_per_page", "/page"), ("_us", " us")):
        key = key.replace(long, short)
    return key.replace("_", " ")


def markdown(head, rows):
    """A table that is as readable unrendered."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]

    def line(cells):
        first, rest = cells[0], cells[1:]
        return "| " + " | ".join(
            [str(first).ljust(widths[0]), *(str(c).rjust(w) for c, w in zip(rest, widths[1:]))]
        ) + " |"

    ruler = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), ruler, *map(line, rows)])


def of_workload(workload, systems):
    """One row a system: the medians of what the workload shows, and the headline's spread."""
    columns = [c for c in workload.columns
               if any(c in e.get("median", {}) for e in systems.values())]
    rows, without = [], []
    for name, entry in systems.items():
        if "median" not in entry:
            without.append(f"{name}: could not run: {entry['reason']}")
            continue
        median, head = entry["median"], workload.headline
        spread = ""
        if head in median:
            spread = f"{number(entry['low'][head])} .. {number(entry['high'][head])}"
        rows.append([name, *(number(median.get(c)) for c in columns), spread, len(entry["samples"])])
        if "reason" in entry:
            without.append(f"{name}: {entry['reason']}")
    text = f"## {workload.name}\n{workload.about}\n\n"
    if rows:
        text += markdown(
            ["system", *map(label, columns), f"{label(workload.headline)}, spread", "samples"], rows
        ) + "\n"
    if without:
        text += "\n" + "\n".join(f"- {line}" for line in without) + "\n"
    return text


def verdict(goal):
    if goal["met"] is None:
        return f"({'within' if goal['within'] else 'beyond'})"
    return "met" if goal["met"] else "not met"


def of_goals(goals):
    rows, without, not_asked_for = [], [], []
    for name, goal in goals.items():
        if goal["value"] is None and goal["reason"].endswith(NOT_ASKED_FOR):
            not_asked_for.append(name)
            continue
        if goal["value"] is None:
            without.append(f"- {name}: no figure: {goal['reason']}")
            continue
        sign = ">=" if goal["better"] == "higher" else "<="
        if not goal["large"]:
            without.append(f"- {name}: not judged: {goal['reason']}")
        rows.append([
            goal["text"], number(goal["value"]), f"{sign} {goal['goal']}", verdict(goal),
            f"{goal['samples']} of {goal['samples_wanted']}",
        ])
    text = "## Goals\n"
    if rows:
        text += markdown(["figure", "value", "goal", "", "samples"], rows) + "\n"
    if any(goal["met"] is None and goal["value"] is not None for goal in goals.values()):
        text += "\n(within), (beyond): what the figure says so far; this run does not suffice to judge it\n"
    if not_asked_for:
        without.append(f"- what they need was not asked for: {', '.join(not_asked_for)}")
    return text + ("\n" + "\n".join(without) + "\n" if without else "")


def tables(results, workloads):
    parts = [
        of_workload(workload, results["workloads"][workload.name])
        for workload in workloads
        if workload.name in results["workloads"]
    ]
    return "\n".join([*parts, of_goals(results["goals"])])
