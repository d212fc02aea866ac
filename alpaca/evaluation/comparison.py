"""All that a set of judgments says about two models, in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from alpaca.evaluation import sequential
from alpaca.evaluation.agreement import JudgeNoise, judges_agreement
from alpaca.evaluation.judgments import Judgment, preferences
from alpaca.evaluation.length import LengthEffect
from alpaca.evaluation.position import PositionBias
from alpaca.evaluation.power import detectable_rate, detectable_share
from alpaca.evaluation.rates import WinRate


def compare(judgments: Sequence[Judgment], seed: int = 0, saved: int = 0) -> dict[str, Any]:
    """Return the win rate and everything that qualifies it, ready for JSON; what cannot be measured is null.

    `seed` draws the bootstrap and the order in which the sequential test would have asked. Where so many tasks were `saved`, as
    the answer was settled without them, judgments are in the order in which they were asked.
    """
    position, length, noise = PositionBias.of(judgments), LengthEffect.of(judgments), JudgeNoise.of(judgments)
    scores = preferences(judgments)
    return WinRate.of_scores(scores, sum(each.preference is None for each in judgments), seed).as_dict() | {
        "judgments": len(judgments),
        "both_bad": sum(each.both_bad for each in judgments),
        "missing_reasons": dict(Counter(each.missing for each in judgments if each.preference is None)),
        "position": position and position.as_dict(),
        "length": length and length.as_dict(),
        "noise": noise and noise.as_dict(),
        "agreement": judges_agreement(judgments) or None,
        "detectable": _detectable(scores.tolist()),
        "saved": saved,
        "sequential": sequential.run(scores if saved else sequential.shuffled(scores, seed)).among(saved).as_dict(),
    }


def _detectable(scores: Sequence[float]) -> dict[str, float | None]:
    """Return the smallest win rate, and share of wins among decided tasks, above one half that 80 % of such sets would find."""
    n = len(scores)
    decided = sum(score != 0.5 for score in scores)
    if len(set(scores)) < 2:  # nothing varies
        return {"win_rate": None, "decided_share": detectable_share(decided)}
    mean = sum(scores) / n
    deviation = (sum((score - mean) ** 2 for score in scores) / (n - 1)) ** 0.5
    return {"win_rate": detectable_rate(n, deviation), "decided_share": detectable_share(decided)}
