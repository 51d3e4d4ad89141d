#!/usr/bin/python3
"""Draws what `bench/compare.py --json` wrote as bars, one panel for each metric, into one SVG.

A bar is the median of the rounds, the line on it goes from the least to the greatest. Needs
Debian's python3-matplotlib. The same figures give the same file, byte for byte.
"""

import argparse
import json
import math

try:
    import matplotlib
except ImportError:
    raise SystemExit("plot.py: needs python3-matplotlib (apt install python3-matplotlib)") from None

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "wring", "svg.fonttype": "none", "font.size": 9})

from matplotlib import pyplot  # noqa: E402  (the backend comes first)

_COLUMNS = 3
_OURS, _OTHERS, _WHISKER = "#1f6f8b", "#b8c4cc", "#333333"


def _panel(axes, metric: dict, names: list) -> None:
    shown = [name for name in names if metric["median"][name] is not None]
    medians = [metric["median"][name] for name in shown]
    spreads = [metric["spread"][name] for name in shown]
    beyond = [[middle - least for middle, (least, _) in zip(medians, spreads)],
              [greatest - middle for middle, (_, greatest) in zip(medians, spreads)]]
    places = list(range(len(shown)))
    axes.barh(places, medians, height=0.7, xerr=beyond,
              color=[_OURS if name == names[0] else _OTHERS for name in shown],
              error_kw={"ecolor": _WHISKER, "elinewidth": 1, "capsize": 2})
    for place, middle, (_, greatest) in zip(places, medians, spreads):
        axes.annotate(f"{middle:.{metric['digits']}f}", (greatest, place), xytext=(4, 0),
                      textcoords="offset points", va="center")
    axes.set_yticks(places, shown)
    axes.invert_yaxis()  # The first implementation on top.
    axes.margins(x=0.2)
    axes.set_xlim(left=0)
    better = "more" if metric["higher_is_better"] else "less"
    axes.set_title(f"{metric['title']}\n{metric['unit']}, {better} is better", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def draw(results: dict, target: str) -> None:
    """Draws every metric that is to be compared and has a figure at all."""
    names = [one["name"] for one in results["implementations"]]
    metrics = [metric for metric in results["metrics"] if not metric["is_context"]
               and any(middle is not None for middle in metric["median"].values())]
    if not metrics:
        raise SystemExit("plot.py: there are no figures to draw")
    rows, columns = math.ceil(len(metrics) / _COLUMNS), min(_COLUMNS, len(metrics))
    height = 0.9 + 0.28 * len(names)
    figure, grid = pyplot.subplots(rows, columns, squeeze=False, layout="constrained",
                                   figsize=(4.2 * columns, height * rows + 0.5))
    panels = list(grid.flat)
    for axes, metric in zip(panels, metrics):
        _panel(axes, metric, names)
    for axes in panels[len(metrics):]:
        axes.set_visible(False)
    machine = results["machine"]
    figure.suptitle(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; "
                    f"rounds: {results['rounds']}, {results['seconds']} s each", fontsize=9)
    figure.savefig(target, format="svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="what compare.py --json wrote")
    parser.add_argument("-o", "--output", default="compare.svg", help="the SVG (%(default)s)")
    options = parser.parse_args()
    with open(options.results, encoding="utf-8") as file:
        results = json.load(file)
    draw(results, options.output)


if __name__ == "__main__":
    main()
