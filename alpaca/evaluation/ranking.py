"""More than two models in stored judgments: how strong each is, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alpaca.evaluation.judgments import Judgment, preferences
from alpaca.evaluation.rates import WinRate
from alpaca.evaluation.stored import Models
from alpaca.evaluation.strength import bradley_terry
from alpaca.files import write_json, write_jsonl


def rank(folder: Path, judgments: Mapping[Models, Sequence[Judgment]], seed: int) -> tuple[dict[str, Any], list[Path]]:
    """Write `strengths.json`, the models, strongest first, and the win rate of each pair; return headlines and files.

    Several judgments of a task by the same pair are one, their mean. Raises UserError where no scale holds all models.
    """
    results = [
        (candidate, reference, float(preference))
        for (reference, candidate), told in judgments.items()
        for preference in preferences(told)
    ]
    models = [strength.as_dict() for strength in bradley_terry(results)]
    pairs = [{"candidate": c, "reference": r} | WinRate.of(told, seed).as_dict() for (r, c), told in judgments.items()]
    files = [folder / "judgments.jsonl", folder / "strengths.json"]
    write_jsonl(
        files[0],
        ({"candidate": c, "reference": r} | each.row() for (r, c), told in judgments.items() for each in told),
    )
    write_json(files[1], {"models": models, "pairs": pairs})
    missing = sum(pair["missing"] for pair in pairs)
    return {"models": len(models), "comparisons": len(results), "missing": missing, "strengths": models}, files
