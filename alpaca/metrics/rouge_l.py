"""The mean ROUGE-L F of answers with the tasks' own (Lin 2004), as rouge_score computes it without stemming."""

from __future__ import annotations

import datasets
import evaluate

from alpaca.evaluation.scores import rouge_l


class RougeL(evaluate.Metric):  # type: ignore[misc]
    def _info(self) -> evaluate.MetricInfo:
        texts = {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
        return evaluate.MetricInfo(__doc__, "", datasets.Features(texts))

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float]:
        return {"rouge_l": sum(map(rouge_l, predictions, references)) / len(predictions)}
