"""How well a model expects the tasks' own answers: exp of its mean loss over their tokens, prompts given.

Unlike `evaluate`'s own module of that name it is of answers after a prompt, and takes a model that is loaded already.
"""

from __future__ import annotations

import datasets
import evaluate

from alpaca.evaluation.metrics import Likelihoods
from alpaca.records import Example


class Perplexity(evaluate.Metric):  # type: ignore[misc]
    def _info(self) -> evaluate.MetricInfo:
        texts = dict.fromkeys(("instructions", "inputs", "references"), datasets.Value("string"))
        return evaluate.MetricInfo(__doc__, "", datasets.Features(texts))

    def _compute(
        self, instructions: list[str], inputs: list[str], references: list[str], model: Likelihoods
    ) -> dict[str, float]:
        return {"perplexity": model.perplexity(list(map(Example, instructions, inputs, references)))}
