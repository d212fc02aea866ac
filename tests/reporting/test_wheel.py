"""The wheel's geometry: arcs go once around, objects divide their verb, and no label touches the next."""

from __future__ import annotations

import math
import random
import re
from itertools import pairwise

import pytest

from alpaca.reporting.wheel import RADII, Arc, Label, Verb, arcs, fitted, point, wheel

VERBS: list[Verb] = [("write", [("story", 30), ("letter", 10)]), ("find", [("word", 20)]), ("make", [("list", 40)])]


def random_verbs(rng: random.Random) -> list[Verb]:
    return [
        ("v" * rng.randint(2, 14), [("n" * rng.randint(1, 30), rng.randint(1, 60)) for _ in range(rng.randint(1, 4))])
        for _ in range(rng.randint(1, 20))
    ]


def test_arcs_go_once_around() -> None:
    drawn = list(arcs(VERBS))
    for ring in (0, 1):
        own = [arc for arc in drawn if arc.ring == ring]
        assert (own[0].start, own[-1].end) == (0, 1)
        assert all(one.end == two.start for one, two in pairwise(own))
    assert [(arc.text, arc.end - arc.start) for arc in drawn if arc.ring == 0] == [
        ("write", 0.4),
        ("find", pytest.approx(0.2)),
        ("make", 0.4),
    ]
    assert [arc.title for arc in drawn][:3] == ["write: 40", "write story: 30", "write letter: 10"]


def test_neighbours_differ_in_colour() -> None:
    for count in range(2, 21):
        hues = [arc.hue for arc in arcs([(str(i), [("x", 1)]) for i in range(count)]) if arc.ring == 0]
        assert all(one != two for one, two in pairwise([*hues, hues[0]])), count


@pytest.mark.parametrize("font", [15.0, 20.0, 27.0])
@pytest.mark.parametrize("seed", range(20))
def test_no_label_touches_the_next_or_leaves_its_ring(seed: int, font: float) -> None:
    drawn = [(arc, fitted(arc, font)) for arc in arcs(random_verbs(random.Random(seed)))]
    assert any(label for _, label in drawn)
    for arc, label in drawn:
        if label:
            inner, outer = RADII[arc.ring]
            assert inner <= label.inner < label.outer <= outer
            assert room(arc, label) >= font


def room(arc: Arc, label: Label) -> float:
    """How high a label may be where its arc is narrowest."""
    return math.tau * label.inner * (arc.end - arc.start)


def test_points_go_clockwise_from_the_top() -> None:
    for share, place in ((0, (0, -10)), (0.25, (10, 0)), (0.5, (0, 10)), (0.75, (-10, 0))):
        assert point(10, share) == pytest.approx(place)


def test_one_verb_with_one_object_is_two_whole_rings() -> None:
    drawn = wheel([("write", [("<b>", 3)])], "a label", "large", 15)
    assert drawn.count("<path") == 2
    assert "nan" not in drawn
    assert "<title>write &lt;b&gt;: 3</title>" in drawn
    assert re.search(r'^<svg class="wheel large" [^>]*role="img" aria-label="a label">', drawn)


def test_no_verbs_no_wheel() -> None:
    assert wheel([], "", "large", 15) == ""
