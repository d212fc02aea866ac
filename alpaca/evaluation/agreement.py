"""Agreement of judges with each other, and of a judge with itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from alpaca.evaluation.judgments import Judgment, Verdict, by_task


def cohen_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Return Cohen's kappa (1960) of two raters of the same things; None where both only ever said one and the same."""
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    ours, theirs = Counter(one), Counter(other)
    by_chance = sum(ours[label] * theirs[label] for label in ours) / n**2
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else None


def krippendorff_alpha(units: Sequence[Sequence[Hashable | None]]) -> float | None:
    """Return Krippendorff's alpha for nominal data (2011, "Computing Krippendorff's alpha-reliability", part C).

    A unit holds what each rater said of one thing, None where nothing. Things with one rating say nothing of agreement. It is
    None where nothing can be compared or all ratings are the same.
    """
    counted = [Counter(value for value in unit if value is not None) for unit in units]
    counted = [unit for unit in counted if unit.total() > 1]
    total: Counter[Hashable] = sum(counted, Counter())
    n = total.total()
    expected = n**2 - sum(count**2 for count in total.values())
    observed = sum((u.total() ** 2 - sum(c**2 for c in u.values())) / (u.total() - 1) for u in counted)
    return 1 - (n - 1) * observed / expected if expected else None


def judges_agreement(judgments: Sequence[Judgment]) -> dict[str, Any]:
    """Return Krippendorff's alpha over all judges and Cohen's kappa of each two, by task; empty for a single judge."""
    said: dict[str, dict[str, Verdict]] = defaultdict(dict)
    for judge in dict.fromkeys(judgment.judge for judgment in judgments):
        for task, members in by_task(each for each in judgments if each.judge == judge).items():
            said[judge][task] = _majority(members)
    if len(said) < 2:
        return {}
    tasks = list(dict.fromkeys(task for rated in said.values() for task in rated))
    alpha = krippendorff_alpha([[rated.get(task) for rated in said.values()] for task in tasks])
    pairs = [{"judges": [a, b]} | _pair(said[a], said[b]) for a, b in combinations(said, 2)]
    return {"krippendorff_alpha": alpha, "pairs": pairs}


@dataclass(frozen=True)
class JudgeNoise:
    """How far a judge differs from itself on the same two answers in the same order (None where it was asked once).

    `agreement` is the share of equal verdicts among all pairs of repeats, and `alpha` the same beyond chance. `noise` is the
    variance of one judgment about its task's own mean, `between` that of the tasks; `share` is the part of the win rate's
    variance that asking each task ever more often would remove.
    """

    repeated: int
    agreement: float
    alpha: float | None
    noise: float
    between: float
    share: float

    @classmethod
    def of(cls, judgments: Sequence[Judgment]) -> JudgeNoise | None:
        """Measure it from judgments of the same task by the same judge in the same order."""
        cells = [group for group in _repeats(judgments).values() if len(group) > 1]
        if not cells:
            return None
        verdicts = [[judgment.verdict for judgment in cell] for cell in cells]
        pairs = [(a, b) for cell in verdicts for a, b in combinations(cell, 2)]
        values = [np.array([judgment.preference for judgment in cell], dtype=np.float64) for cell in cells]
        freedom = sum(len(cell) - 1 for cell in values)
        noise = float(sum(((cell - cell.mean()) ** 2).sum() for cell in values) / freedom)
        asked = len(values) / sum(1 / len(cell) for cell in values)  # the harmonic mean of how often
        spread = float(np.var([cell.mean() for cell in values], ddof=1)) if len(values) > 1 else 0.0
        agreement = sum(a == b for a, b in pairs) / len(pairs)
        share = min(1.0, noise / asked / spread) if spread else 0.0
        alpha = krippendorff_alpha(verdicts)
        return cls(len(cells), agreement, alpha, noise, max(0.0, spread - noise / asked), share)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _repeats(judgments: Sequence[Judgment]) -> Mapping[tuple[str, str, str], list[Judgment]]:
    cells: dict[tuple[str, str, str], list[Judgment]] = defaultdict(list)
    for each in judgments:
        if each.preference is not None:
            cells[each.task, each.judge, each.first].append(each)
    return cells


def _majority(members: Sequence[Judgment]) -> Verdict:
    """Return what a judge's judgments of one task come to: as many wins as losses are a tie."""
    verdicts = [judgment.verdict for judgment in members]
    wins, losses = verdicts.count("win"), verdicts.count("loss")
    ties = len(verdicts) - wins - losses
    return "tie" if wins == losses or ties > max(wins, losses) else "win" if wins > losses else "loss"


def _pair(one: Mapping[str, Verdict], other: Mapping[str, Verdict]) -> dict[str, Any]:
    shared = [task for task in one if task in other]
    ours, theirs = [one[task] for task in shared], [other[task] for task in shared]
    agreed = sum(a == b for a, b in zip(ours, theirs, strict=True))
    kappa = cohen_kappa(ours, theirs) if shared else None
    return {"tasks": len(shared), "agreement": agreed / len(shared) if shared else None, "cohen_kappa": kappa}
