"""Results as Markdown tables that also read well in a terminal, and as JSON."""

import dataclasses
import os
import platform
from pathlib import Path
from typing import Sequence

from .figures import Figure, Results, median, present, spread
from .implementations import PEERS, Implementation
from .measurements import Metric


def machine() -> dict:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")),
                 platform.machine())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def table(rows: Sequence[Sequence[str]]) -> str:
    """As Markdown."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def _cell(figures: Sequence[Figure], digits: int) -> str:
    middle, ends, rounds = median(figures), spread(figures), len(present(figures))
    if middle is None or ends is None:
        return ""
    text = f"{middle:.{digits}f}"
    if rounds > 1:
        text += f" ({ends[0]:.{digits}f}..{ends[1]:.{digits}f})"
    return text if rounds == len(figures) else f"{text} {rounds} of {len(figures)} rounds"


def _ratio(figure: Figure) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def figures_table(results: Results, metrics: Sequence[Metric]) -> str:
    """The median of each metric and implementation, and in brackets the least and the greatest."""
    # Without any figure there was either nothing to measure or a failure, listed below.
    without = {one.implementation: "failed" for one in results.failures}
    rows = [["", "unit", *results.names]]
    for metric in metrics:
        row = results.figures[metric.key]
        rows.append([metric.title, metric.unit,
                     *(_cell(row[name], metric.digits) or without.get(name, "-")
                       for name in results.names)])
    return table(rows)


def ratios_table(results: Results, metrics: Sequence[Metric]) -> str:
    """The ratio of the first implementation to each other, its median, then every round's; and to
    whichever of several peers is best in the row."""
    ours, others = results.names[0], results.names[1:]
    peers = [name for name in others if name in PEERS]
    rows = [[f"{ours} by", "better is", *others, *(["best peer"] if len(peers) > 1 else [])]]
    for metric in metrics:
        if metric.is_context or not any(present(results.ratios_to(metric.key, other))
                                        for other in others):
            continue
        cells = []
        for other in others:
            each = results.ratios_to(metric.key, other)
            listed = f": {' '.join(map(_ratio, each))}" if len(each) > 1 else ""
            cells.append(_ratio(median(each)) + listed)
        if len(peers) > 1:
            best = results.best_of(metric.key, peers, metric.higher_is_better)
            cells.append(f"{_ratio(median(results.ratios_to(metric.key, best)))} {best}" if best
                         else "-")
        rows.append([metric.title, "more" if metric.higher_is_better else "less", *cells])
    return table(rows) if others and len(rows) > 1 else ""


def failures_list(results: Results) -> str:
    return "\n".join(f"- round {one.round}, {one.measurement}, {one.implementation}: {one.reason}"
                     for one in results.failures)


def as_text(results: Results, metrics: Sequence[Metric]) -> str:
    """Both tables, and what failed."""
    failed = failures_list(results)
    parts = [figures_table(results, metrics), ratios_table(results, metrics),
             f"Failed:\n{failed}" if failed else ""]
    return "\n\n".join(part for part in parts if part)


def as_json(results: Results, metrics: Sequence[Metric],
            implementations: Sequence[Implementation], seconds: int) -> dict:
    """Everything, round by round, for scripts and for bench/plot.py."""
    def row(metric: Metric) -> dict:
        by_name = results.figures[metric.key]
        return {**dataclasses.asdict(metric),
                "rounds": by_name,
                "median": {name: median(each) for name, each in by_name.items()},
                "spread": {name: spread(each) for name, each in by_name.items()},
                "ratios": {other: results.ratios_to(metric.key, other)
                           for other in results.names[1:]}}
    return {"machine": machine(), "rounds": results.rounds, "seconds": seconds,
            "implementations": [{"name": one.name, "command": one.command,
                                 "version": one.version()} for one in implementations],
            "metrics": [row(metric) for metric in metrics],
            "failures": [dataclasses.asdict(one) for one in results.failures]}
