"""Draw learning curves and evaluations with matplotlib, without a display and without its global state."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlef_trackers.reading import Summary

BLUE, GREY, GREEN, RED = "#2a6f97", "#8d99ae", "#2d6a4f", "#b23a48"


def draw(learning: Sequence[tuple[int, float]], summary: Summary, path: Path) -> None:
    """Write a PNG: left `learning`, as (collection, solve rate), right the summary's evaluations with their intervals and bounds."""
    figure = Figure(figsize=(11, 4.5), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    draw_learning(left, learning, summary)
    draw_evaluations(right, summary)
    figure.savefig(path, format="png")


def draw_learning(axes: Axes, learning: Sequence[tuple[int, float]], summary: Summary) -> None:
    """Solve rate by collection; the evaluations before and after training as horizontal lines."""
    axes.plot([collection for collection, _ in learning], [rate for _, rate in learning], color=BLUE, label="training episodes")
    for name, color in (("base", GREY), ("trained", GREEN)):
        if evaluation := summary.evaluation(name):
            axes.axhline(evaluation.solve_rate, color=color, linewidth=1, label=f"{name}, evaluated")
    axes.set_title("Learning", loc="left")
    axes.set(xlabel="collection", ylabel="solve rate", ylim=(0, 1))
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw_evaluations(axes: Axes, summary: Summary) -> None:
    """A bar for each evaluation, with its interval and value; the bounds as dashed lines."""
    for place, evaluation in enumerate(summary.evaluations):
        low, high = evaluation.interval or (evaluation.solve_rate, evaluation.solve_rate)
        axes.bar(place, evaluation.solve_rate, width=0.6, color=GREY if evaluation.name == "base" else BLUE)
        axes.vlines(place, low, high, color="black", linewidth=1.5)
        axes.annotate(f"{evaluation.solve_rate:.2f}", (place, high), (0, 3), textcoords="offset points", ha="center")
    for name, bound in summary.bounds.items():
        axes.axhline(bound, color=RED, linewidth=1, linestyle="dashed", label=f"{_spaced(name)} ({bound:.2f})")
    axes.set_xticks(range(len(summary.evaluations)), [_wrapped(evaluation.name) for evaluation in summary.evaluations])
    axes.set_title("Evaluation", loc="left")
    if summary.bounds:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _wrapped(name: str) -> str:
    return name.replace("_", "\n")


def _spaced(name: str) -> str:
    return name.replace("_", " ")
