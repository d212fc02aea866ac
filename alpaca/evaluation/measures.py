"""All that is measured of two models beside who wins: metrics, standard benchmarks, and the files for HELM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alpaca.evaluation import harness as benchmarks
from alpaca.evaluation import metrics
from alpaca.evaluation.helm import Helm
from alpaca.files import write_json


class Measures:
    """What a configuration asks for, of `models` by side; raises UserError, before anything is asked, for what cannot be had."""

    def __init__(
        self,
        models: Mapping[str, object],
        names: Sequence[str],
        harness: benchmarks.Harness | None,
        helm: Helm | None,
    ) -> None:
        self.models, self.harness, self.helm = models, harness, helm
        self.modules = metrics.modules(names)
        if harness:
            harness.check(models)
        if helm:
            helm.check(models["candidate"])

    def write(self, folder: Path, name: str, rows: Sequence[metrics.Row]) -> tuple[dict[str, Any], list[Path]]:
        """Measure the answers in `rows` and the models; write files, and return headline numbers with them."""
        scores, files = metrics.scores(self.modules, rows, self.models), [folder / "scores.json"]
        write_json(files[0], scores)
        results = metrics.headline(scores)
        if self.harness:
            found = self.harness.scores(self.models)
            results |= benchmarks.headline(found)
            files.append(folder / "harness.json")
            write_json(files[-1], found)
        if self.helm:
            files += self.helm.write(folder / "helm", name, self.models["candidate"])
        return results, files
