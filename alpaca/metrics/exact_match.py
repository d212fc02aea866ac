"""The share of answers that are the task's own, white space around them aside."""

from __future__ import annotations

import datasets
import evaluate

from alpaca.evaluation.scores import exact


class ExactMatch(evaluate.Metric):  # type: ignore[misc]
    def _info(self) -> evaluate.MetricInfo:
        texts = {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
        return evaluate.MetricInfo(__doc__, "", datasets.Features(texts))

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float]:
        return {"exact_match": sum(map(exact, predictions, references)) / len(predictions)}
