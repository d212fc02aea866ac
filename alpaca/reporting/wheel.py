"""Draw verbs and their objects as a wheel: Self-Instruct's figure 3 (Wang et al. 2022), which Alpaca's README shows too.

The inner ring holds the verbs, the outer one the objects of each; an angle is a share of the rows that are shown. Lengths
are in the units of the view box, 1000 wide; a label is left out where it would touch the next one, and is in the title.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

Verb = tuple[str, Sequence[tuple[str, int]]]  # with its objects and how many rows have each

RADII: Final = ((70.0, 245.0), (245.0, 500.0))  # from, to: of the inner ring, of the outer
HUES: Final = 7  # classes hue-0 to hue-6 of the style sheet
CHARACTER: Final = 0.58  # mean width of a character, in sizes of its font
PADDING: Final = 9.0


class Arc(NamedTuple):
    """A piece of a ring, from one share of the circle to another."""

    ring: int
    start: float
    end: float
    text: str
    title: str
    hue: int


class Label(NamedTuple):
    """A text along the radius: its angle as a share of the circle, where it begins and ends, and what of it fits."""

    angle: float
    inner: float
    outer: float
    text: str


def wheel(verbs: Sequence[Verb], label: str, size: str, font: float) -> Markup:
    """Draw the wheel, of class `size`, with letters of size `font`; nothing where there are no verbs."""
    body = Markup().join(shape(arc) + letters(arc, font) for arc in arcs(verbs))
    frame = Markup('<svg class="wheel {}" viewBox="-502 -502 1004 1004" role="img" aria-label="{}">{}</svg>')
    return frame.format(size, label, body) if body else body


def arcs(verbs: Sequence[Verb]) -> Iterator[Arc]:
    """Yield each verb's arc, then those of its objects, which divide it; all together go once around, from the top."""
    total = sum(count for _, objects in verbs for _, count in objects)
    passed = 0
    for number, (verb, objects) in enumerate(verbs):
        size = sum(count for _, count in objects)
        closes = number == len(verbs) - 1 and number % HUES == 0 and number > 0
        hue = HUES // 2 if closes else number % HUES  # the last is beside the first
        yield Arc(0, passed / total, (passed + size) / total, verb, f"{verb}: {size:,}", hue)
        for noun, count in objects:
            yield Arc(1, passed / total, (passed + count) / total, noun, f"{verb} {noun}: {count:,}", hue)
            passed += count


def shape(arc: Arc) -> Markup:
    """Draw the piece of the ring; a whole one as its two edges."""
    inner, outer = RADII[arc.ring]
    turn = min(arc.end - arc.start, 0.99999)
    large = int(turn > 0.5)
    (a, b), (c, d) = point(outer, arc.start), point(outer, arc.start + turn)
    (e, f), (g, h) = point(inner, arc.start + turn), point(inner, arc.start)
    edge = f"M{a:.1f} {b:.1f}A{outer} {outer} 0 {large} 1 {c:.1f} {d:.1f}L{e:.1f} {f:.1f}A{inner} {inner} 0 {large} 0 {g:.1f} {h:.1f}Z"
    return Markup('<path class="hue-{} ring-{}" d="{}"><title>{}</title></path>').format(
        arc.hue, arc.ring, edge, arc.title
    )


def point(radius: float, share: float) -> tuple[float, float]:
    """Return where a share of the circle is, clockwise from the top."""
    return radius * math.sin(math.tau * share), -radius * math.cos(math.tau * share)


def fitted(arc: Arc, font: float) -> Label | None:
    """Place the label of an arc against its rim, where there is most room, or return None where the arc is too narrow for it."""
    inner, outer = RADII[arc.ring]
    room = int((outer - inner - 2 * PADDING) / (CHARACTER * font))
    text = arc.text if len(arc.text) <= room else f"{arc.text[: room - 1]}…"
    start = outer - PADDING - CHARACTER * font * len(text)
    if math.tau * start * (arc.end - arc.start) < 1.1 * font:
        return None
    return Label((arc.start + arc.end) / 2, start, outer - PADDING, text)


def letters(arc: Arc, font: float) -> Markup:
    """Write the label along the radius, upright on either side."""
    label = fitted(arc, font)
    if label is None:
        return Markup()
    left = label.angle > 0.5
    x, y = point(label.outer, label.angle)
    turn = 360 * label.angle - 90 - (180 if left else 0)
    return Markup(
        '<text class="ring-{}" transform="translate({:.1f} {:.1f}) rotate({:.1f})" text-anchor="{}" dy=".35em"'
        ' style="font-size:{:g}px">{}</text>'
    ).format(arc.ring, x, y, turn, "start" if left else "end", font, label.text)
