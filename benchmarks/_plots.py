"""Plots as small SVG files that can be read on a light and on a dark page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks._report import Plot

NEEDS_MATPLOTLIB = "Plots need matplotlib: `pip install -e '.[bench]'`."
_INK = "#7a7a7a"
"""As far from white as from black."""
_COLOURS = ("#2f81f7", "#d9630a", "#1a9c6b", "#b35fc9", "#d0454c", "#8a8a1f", "#1795a8", "#9a6a3a")
_MARKERS = "osD^vPX*"
"""With the colours, so that nobody has to tell colours apart."""
_SETTINGS: Any = {
    "svg.fonttype": "none",  # text stays text: smaller, and in the reader's own font
    "svg.hashsalt": "babelpix",  # the same figures give the same file
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.facecolor": "none",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(plot: Plot, path: Path) -> bool:
    """Draw a plot into a file, of the kind its name says; False where matplotlib is missing."""
    try:
        from matplotlib import rc_context, ticker
        from matplotlib.figure import Figure
    except ImportError:
        return False
    with rc_context(_SETTINGS):
        figure = Figure(figsize=(7, 3.8), layout="constrained")
        axes = figure.add_subplot()
        for number, (name, points) in enumerate(plot.series.items()):
            colour, marker = (of[number % len(of)] for of in (_COLOURS, _MARKERS))
            x, y = zip(*points, strict=True) if points else ((), ())
            # Of many points, only some are marked.
            every = max(1, len(x) // 12)
            axes.plot(x, y, color=colour, marker=marker, ms=5, markevery=every, label=name)
        axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
        for is_log, axis, scale in (
            (plot.log_x, axes.xaxis, axes.set_xscale),
            (plot.log_y, axes.yaxis, axes.set_yscale),
        ):
            if is_log:
                scale("log")
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _at: _plain(value)))
        if not plot.log_y:
            axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.grid(color=_INK, alpha=0.25, linewidth=0.6)
        figure.legend(loc="outside right upper", frameon=False)
        kind = path.suffix.removeprefix(".")
        dated = {"metadata": {"Date": None}} if kind == "svg" else {}
        figure.savefig(path, transparent=True, format=kind, **dated)
    return True


def _plain(value: float) -> str:
    """Write a number on an axis as people do: 10 000, 0.5."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 10 else f"{value:g}"
