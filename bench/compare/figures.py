"""Figures of several rounds: medians, spreads and ratios. A round without a figure holds None."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Optional, Sequence

Figure = Optional[float]


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that `share` of all do not exceed."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def present(figures: Sequence[Figure]) -> list[float]:
    return [figure for figure in figures if figure is not None]


def median(figures: Sequence[Figure]) -> Figure:
    there = present(figures)
    return statistics.median(there) if there else None


def spread(figures: Sequence[Figure]) -> Optional[tuple[float, float]]:
    """The least and the greatest."""
    there = present(figures)
    return (min(there), max(there)) if there else None


def ratios(ours: Sequence[Figure], theirs: Sequence[Figure]) -> list[Figure]:
    """Ours by theirs, round by round: what disturbs a whole round disturbs no ratio."""
    return [one / other if one is not None and other else None
            for one, other in zip(ours, theirs)]


@dataclass
class Failure:
    round: int
    implementation: str
    measurement: str
    reason: str


@dataclass
class Results:
    """By metric and implementation, a figure for each round; the first implementation is ours."""

    names: list[str]
    figures: dict[str, dict[str, list[Figure]]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    rounds: int = 0

    def begin_round(self, metrics: Sequence[str]) -> None:
        """Every figure of the new round is missing until `put` brings it."""
        self.rounds += 1
        for metric in metrics:
            row = self.figures.setdefault(metric, {name: [] for name in self.names})
            for series in row.values():
                series.append(None)

    def put(self, metric: str, name: str, figure: Figure) -> None:
        self.figures[metric][name][-1] = figure

    def fail(self, name: str, measurement: str, reason: str) -> None:
        self.failures.append(Failure(self.rounds, name, measurement, reason))

    def best_of(self, metric: str, names: Sequence[str], higher_is_better: bool) -> Optional[str]:
        """Which of them has the best median; None where none has a figure."""
        medians = {name: median(self.figures[metric][name]) for name in names}
        there = {name: middle for name, middle in medians.items() if middle is not None}
        return (max if higher_is_better else min)(there, key=there.__getitem__, default=None)

    def ratios_to(self, metric: str, other: str) -> list[Figure]:
        row = self.figures[metric]
        return ratios(row[self.names[0]], row[other])
