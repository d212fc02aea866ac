"""Turn the numbers of an analysis into its page: `render` gives `analysis.html`, complete in itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from alpaca.analysis.measure import Analysis, Measured
from alpaca.analysis.overlap import MOST_COMPARED
from alpaca.reporting import charts
from alpaca.reporting.rows import Row, packed
from alpaca.reporting.template import environment
from alpaca.reporting.wheel import wheel

HUNDREDTHS = charts.Bins(width=5, last=20, longest=100)
FONTS = {"large": 15.0, "middle": 20.0, "small": 27.0}  # of the wheel, for how wide it is shown


def render(analysis: Analysis, rows: Sequence[Row]) -> str:
    """Return the page; the same numbers and rows give the same bytes."""
    sets = [analysis["data"], *([analysis["compared"]] if analysis["compared"] else [])]
    kinds = ["candidate", "reference"][: len(sets)] if len(sets) > 1 else ["data"]
    series = dict(zip(kinds, sets, strict=True))
    template = environment().get_template("analysis.html.jinja")
    return template.render(
        analysis,
        sets=series,
        shown={kind: shown(measured) / max(measured["looked_at"], 1) for kind, measured in series.items()},
        wheels={kind: wheels(measured) for kind, measured in series.items()},
        lengths=[
            (field, *(lengths(series, unit, field) for unit in ("words", "tokens"))) for field in sets[0]["words"]
        ],
        overlap=overlap(series),
        verbs=verbs(sets),
        topics=topics(sets),
        most_compared=MOST_COMPARED,
        rows=Markup(packed(rows)),
        filters={
            "reasons": [r["reason"] for r in analysis["reasons"]],
            "topics": [" · ".join(t["words"]) for t in sets[0]["topics"]],
        },
    )


def wheels(measured: Measured) -> dict[str, Markup]:
    """Draw the wheel for each width at which it may be shown."""
    verbs = [(v["verb"], [(n["noun"], n["count"]) for n in v["objects"]]) for v in measured["verbs"]]
    label = f"{measured['name']}: the {len(verbs)} most common verbs of instructions and their most common objects"
    return {size: wheel(verbs, label, size, font) for size, font in FONTS.items()}


def shown(measured: Measured) -> int:
    """Count the rows that the wheel shows."""
    return sum(noun["count"] for verb in measured["verbs"] for noun in verb["objects"])


def lengths(series: Mapping[str, Measured], unit: str, field: str) -> Markup:
    counts = {kind: numbers(m[unit][field]["counts"]) for kind, m in series.items() if field in m[unit]}  # type: ignore[literal-required]
    return charts.histogram(counts, f"{field}, {unit}", unit)


def overlap(series: Mapping[str, Measured]) -> Markup:
    counts = {kind: numbers(m["overlap"]["counts"]) for kind, m in series.items()}
    return charts.histogram(counts, "nearest seed", "ROUGE-L with the nearest seed", HUNDREDTHS, 0.01)


def numbers(counts: Mapping[str, int]) -> dict[int, int]:
    return {int(value): count for value, count in counts.items()}


def verbs(sets: Sequence[Measured]) -> list[tuple[str, list[float]]]:
    """List the verbs of all wheels with their share of each set's rows that have a verb and an object."""
    names = {verb["verb"] for m in sets for verb in m["verbs"]}
    rows = [(name, [m["verb_counts"].get(name, 0) / max(m["with_pair"], 1) for m in sets]) for name in names]
    return sorted(rows, key=lambda row: (-max(row[1]), row[0]))


def topics(sets: Sequence[Measured]) -> list[tuple[str, list[float]]]:
    """List the topics, all of the same words, with the share of each set's rows."""
    rows = [
        (" · ".join(topic["words"]), [m["topics"][place]["count"] / max(m["looked_at"], 1) for m in sets])
        for place, topic in enumerate(sets[0]["topics"])
    ]
    return sorted(rows, key=lambda row: (not row[0], -max(row[1]), row[0]))
