"""Draw the report's charts as inline SVG.

Positions are shares of the width and text keeps its size, so that a chart is as legible on a phone as on a wide screen.
Colours come from the page's style sheet by class: `candidate`, `reference`, `tie`, `data`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from markupsafe import Markup

Point = tuple[float, float]
Tick = tuple[float, str]  # where along the axis, 0 to 1, and what it says

BAR = 0.86  # of the place that a histogram has for it


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, from at or below `low` to at or above `high`."""
    rough = ((high - low) or abs(high) or 1) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.10g}") for i in range(first, max(last, first + 1) + 1)]


def thinned(points: Sequence[Point], most: int = 600) -> Sequence[Point]:
    """Keep the lowest and the highest point of each of `most` / 2 stretches: spikes survive the thinning."""
    if len(points) <= most:
        return points
    size = math.ceil(2 * len(points) / most)
    stretches = (points[start : start + size] for start in range(0, len(points), size))
    return [point for part in stretches for point in sorted({min(part, key=height), max(part, key=height)})]


def smoothed(points: Sequence[Point], most: int = 300) -> list[Point]:
    """Average each point with its neighbours, a hundredth of the curve to either side, at about `most` places.

    Near the start the window is as narrow as keeps it centred, or else a steep beginning would look lower than it was.
    """
    sums = [0.0, *accumulate(map(height, points))]
    radius, stride = len(points) // 100, max(1, len(points) // most)
    averages = []
    for i in sorted({*range(0, len(points), stride), len(points) - 1}):
        start, end = max(0, i - radius), min(len(points), i + min(radius, i) + 1)
        averages.append((points[i][0], (sums[end] - sums[start]) / (end - start)))
    return averages


def height(point: Point) -> float:
    return point[1]


def curve(points: Sequence[Point], name: str, marks: Iterable[float] = (), most_ticks: int = 5) -> Markup:
    """Draw values over steps, the raw ones faint below the smoothed ones, with a dashed line at each of `marks`."""
    points = [point for point in points if math.isfinite(point[1])]
    if not points:
        return Markup()
    raw, smooth = thinned(points), smoothed(points)
    lowest, highest = min(map(height, raw)), max(map(height, raw))
    ys = ticks(0.0 if 0 <= lowest < highest / 2 else lowest, highest, most_ticks)
    xs = (0.0, max(points[-1][0], 1.0))
    body = lines([share(mark, *xs) for mark in marks], "mark")
    body += Markup(
        '<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">{}{}</svg>'
    ).format(path(raw, xs, (ys[0], ys[-1]), "raw"), path(smooth, xs, (ys[0], ys[-1]), "candidate"))
    label = f"{name} over {xs[1]:,.0f} steps: {smooth[0][1]:.4g} at first, {smooth[-1][1]:.4g} at last"
    return framed(body, axis(ticks(*xs, 4), *xs), axis(ys, ys[0], ys[-1]), (label, "step", name))


def path(points: Iterable[Point], xs: tuple[float, float], ys: tuple[float, float], kind: str) -> Markup:
    places = " ".join(f"{1000 * share(x, *xs):.1f},{1000 - 1000 * share(y, *ys):.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, places)


def share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low)


def axis(values: Iterable[float], low: float, high: float) -> list[Tick]:
    return [(share(value, low, high), f"{value:,.10g}") for value in values if low <= value <= high]


def lines(places: Iterable[float], kind: str) -> Markup:
    line = Markup('<line class="{0}" x1="{1:.2f}%" x2="{1:.2f}%" y1="0" y2="100%"/>')
    return Markup().join(line.format(kind, 100 * place) for place in places)


def framed(body: Markup, x_ticks: Iterable[Tick], y_ticks: Iterable[Tick], names: tuple[str, str, str]) -> Markup:
    """Put axes around a plot; `names` are its text alternative, and the titles of its x and its y axis."""
    label, x_name, y_name = names
    row = Markup(
        '<line class="grid" x1="0" x2="100%" y1="{0:.2f}%" y2="{0:.2f}%"/>'
        '<text class="end" x="0" y="{0:.2f}%" dx="-8" dy=".35em">{1}</text>'
    )
    column = Markup('<text class="middle" x="{:.2f}%" y="100%" dy="18">{}</text>')
    rows = Markup().join(row.format(100 - 100 * place, text) for place, text in y_ticks)
    columns = Markup().join(column.format(100 * place, text) for place, text in x_ticks)
    titles = Markup('<text x="0" y="0" dy="-12">{}</text><text class="end" x="100%" y="100%" dy="36">{}</text>')
    return drawing("chart", label, rows + columns + titles.format(y_name, x_name) + body)


def drawing(kind: str, label: str, body: Markup) -> Markup:
    return Markup('<svg class="{}" role="img" aria-label="{}">{}</svg>').format(kind, label, body)


def bar(parts: Iterable[tuple[str, float]], label: str) -> Markup:
    """Draw shares of a whole side by side in one bar, each a class and a share from 0 to 1."""
    body, start = Markup('<rect class="track" width="100%" height="100%"/>'), 0.0
    for kind, width in parts:
        rect = Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>')
        body += rect.format(kind, 100 * start, 100 * width)
        start += width
    return drawing("bar", label, body)


def interval(value: float, low: float, high: float, label: str) -> Markup:
    """Draw an estimate with its interval on a line from 0 to 1, with a tick where neither side is ahead, one half."""
    body = Markup(
        '<line class="grid" x1="0" x2="100%" y1="50%" y2="50%"/><line class="half" x1="50%" x2="50%" y1="0" y2="100%"/>'
        '<rect class="candidate faint" x="{0:.2f}%" width="{1:.2f}%" y="15%" height="70%"/>'
        '<line class="candidate" x1="{2:.2f}%" x2="{2:.2f}%" y1="0" y2="100%"/>'
    )
    return drawing("interval", label, body.format(100 * low, 100 * (high - low), 100 * value))


class Bins(NamedTuple):
    """Bars of `width` whole numbers each, from 0 on; the last, number `last`, holds all up to `longest`."""

    width: int
    last: int
    longest: int

    def heights(self, counts: Mapping[int, int]) -> list[int]:
        heights = [0] * (self.last + 1)
        for value, count in counts.items():
            heights[min(value // self.width, self.last)] += count
        return heights

    def spelled(self, index: int, unit: str, scale: float) -> str:
        low = index * self.width
        high = self.longest if index == self.last else low + self.width - 1
        return f"{low * scale:,.10g} {unit}" if low >= high else f"{low * scale:,.10g} to {high * scale:,.10g} {unit}"


def binned(counts: Mapping[int, int], most_bars: int) -> Bins:
    """Choose bars such that the hundredth part of values that lie furthest out shares the last."""
    longest = max(counts)
    width = percentile(counts, 0.99) // most_bars + 1
    return Bins(width, min(longest // width, most_bars), longest)


def percentile(counts: Mapping[int, int], share: float) -> int:
    """Return the value at this share, from 0 to 1, of the values in their order."""
    place, passed = int(share * (sum(counts.values()) - 1)), accumulate(counts[value] for value in sorted(counts))
    return next(value for value, end in zip(sorted(counts), passed, strict=True) if place < end)


def histogram(
    series: Mapping[str, Mapping[int, int]], name: str, unit: str, bins: Bins | None = None, scale: float = 1
) -> Markup:
    """Draw how often each whole number occurs, times `scale`, for each series: its class, and how many texts have each.

    One series is drawn in examples; several, which may be of different sizes, side by side in shares of each.
    """
    series = {kind: counts for kind, counts in series.items() if counts}
    if not series:
        return Markup()
    bins = bins or binned(sum(map(Counter, series.values()), Counter[int]()), 24)
    alone, end = len(series) == 1, bins.width * (bins.last + 1)
    sizes = {kind: 1 if alone else sum(counts.values()) for kind, counts in series.items()}
    heights = {kind: [n / sizes[kind] for n in bins.heights(counts)] for kind, counts in series.items()}
    y_ticks = ticks(0, max(map(max, heights.values())), 2)
    names = [bins.spelled(place, unit, scale) for place in range(bins.last + 1)]
    body = Markup().join(
        columns(
            kind,
            [n / y_ticks[-1] for n in some],
            (number, len(series)),
            [f"{bar}: {spelled(n, alone)}" for bar, n in zip(names, some, strict=True)],
        )
        for number, (kind, some) in enumerate(heights.items())
    )
    offset = BAR / 2 if bins.width == 1 else 0  # one value a bar: its number is below the middle
    x_axis = [((value + offset) / end, f"{value * scale:,.10g}") for value in ticks(0, end, 4) if value < end]
    y_axis = [(value / y_ticks[-1], spelled(value, alone)) for value in y_ticks]
    label = "; ".join(described(name, unit, counts, scale) for counts in series.values())
    return framed(body, x_axis, y_axis, (label, unit, "examples" if alone else "share of examples"))


def described(name: str, unit: str, counts: Mapping[int, int], scale: float) -> str:
    low, middle, high = (value * scale for value in (min(counts), percentile(counts, 0.5), max(counts)))
    return f"{name}: {sum(counts.values()):,} texts of {low:,.10g} to {high:,.10g} {unit}, median {middle:,.10g}"


def spelled(height: float, number: bool) -> str:
    return f"{height:,.10g}" if number else f"{100 * height:,.3g}%"


def columns(kind: str, heights: Sequence[float], turn: tuple[int, int], titles: Sequence[str]) -> Markup:
    """Draw bars from 0 to 1 high; `turn` is which of how many series these are, which share the places."""
    rect = Markup('<rect class="{}" x="{:.2f}%" y="{:.2f}%" width="{:.2f}%" height="{:.2f}%"><title>{}</title></rect>')
    number, series = turn
    wide = 100 * BAR / len(heights) / series
    return Markup().join(
        rect.format(kind, 100 * place / len(heights) + number * wide, 100 - 100 * high, wide, 100 * high, title)
        for place, (high, title) in enumerate(zip(heights, titles, strict=True))
    )
