"""Decontamination: find the examples that give evaluation tasks away.

An example's instruction and input are compared with those of each evaluation task in three ways, from the strictest on: runs of
`n` words in common (Brown et al. 2020, appendix C; a shorter task counts as a whole), ROUGE-L, and, for light paraphrases, the
content words in common, each weighted by how rare it is among the tasks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from math import log
from pathlib import Path
from typing import Annotated, Any, Protocol

from annotated_types import Interval
from pydantic import PositiveInt

from alpaca.curation.prose import STOP, words
from alpaca.curation.rouge import Rouge, Threshold
from alpaca.errors import UserError
from alpaca.records import Example, read
from alpaca.schema import InputPath

STEM = 6  # letters of a word that are compared, so that its endings do not count
SHORTEST = 3  # words of a task that is looked for within longer texts; a shorter one must be the whole text


class Decontamination(Protocol):
    def match(self, example: Example) -> dict[str, Any] | None:
        """Return the evaluation task that an example gives away: `task`, `set`, `method` and `score`; or None."""


class Nothing:
    """`decontamination=none`: nothing is compared."""

    def match(self, example: Example) -> None:
        return None


@dataclass(frozen=True)
class Task:
    """An evaluation task, and the name of the set it is from."""

    example: Example
    source: str


class Against:
    """Evaluation tasks to keep out: the bundled ones, and those of files in any format that examples have.

    `n` words in a row, a ROUGE-L F above `rouge`, or a share of content words of at least `overlap` (Dice, weighted; of texts with at least
    `least` of them) give a task away.
    """

    def __init__(
        self,
        bundled: bool,
        files: Sequence[InputPath],
        n: PositiveInt,
        rouge: Threshold,
        overlap: Annotated[float, Interval(gt=0, le=1)],
        least: PositiveInt,
    ) -> None:
        if not bundled and not files:
            raise UserError("decontamination=against has nothing to compare with; give decontamination.files=[...]")
        self.bundled, self.files, self.n, self.overlap, self.least = bundled, files, n, overlap, least
        self.rouge = Rouge(rouge, ["instruction", "input"])
        self.tasks: list[Task] = []

    def precheck(self) -> None:
        self._index()

    def match(self, example: Example) -> dict[str, Any] | None:
        if not self.tasks:
            self._index()
        text = _words(example)
        found = self._run(text) or self._sequence(example) or self._paraphrase(text)
        if found is None:
            return None
        number, method, score = found
        task = self.tasks[number]
        return {"method": method, "score": round(score, 4), "set": task.source, "task": task.example.alpaca()}

    def _index(self) -> None:
        """Read the tasks, on first use; raises UserError for a file without any."""
        self.tasks = [Task(example, "bundled") for example in bundled()] if self.bundled else []
        self.tasks += [Task(example, Path(file).name) for file in self.files for example in read(Path(file))[0]]
        texts = [_words(task.example) for task in self.tasks]
        self.runs: dict[tuple[str, ...], int] = {}
        self.lengths = {min(self.n, len(text)) for text in texts}
        self.stems: dict[str, list[int]] = defaultdict(list)
        self.contents = [_content(text) for text in texts]
        counts = Counter(stem for content in self.contents for stem in content)
        self.unseen = log(1 + len(texts))
        self.weights = {stem: log(1 + len(texts) / count) for stem, count in counts.items()}
        for number, text in enumerate(texts):
            self.rouge.add(self.tasks[number].example)
            for run in _runs(text, min(self.n, len(text))):
                self.runs.setdefault(run, number)
            for stem in self.contents[number]:
                self.stems[stem].append(number)

    def _run(self, text: list[str]) -> tuple[int, str, float] | None:
        """Return the task with most runs of words in common, and how many they are."""
        hits: Counter[int] = Counter()
        for length in self.lengths:
            if length < SHORTEST and len(text) != length:
                continue
            hits.update(
                self.runs[run]
                for run in _runs(text, length)
                if run in self.runs and (length == self.n or 2 * length >= len(text))
            )
        return next(((number, f"{self.n} words in a row", float(count)) for number, count in hits.most_common(1)), None)

    def _sequence(self, example: Example) -> tuple[int, str, float] | None:
        found = self.rouge.duplicate_of(example)
        return (found[0], "ROUGE-L", found[1]) if found else None

    def _paraphrase(self, text: list[str]) -> tuple[int, str, float] | None:
        """Return the task whose content words are most like a text's."""
        content = _content(text)
        if len(content) < self.least:
            return None
        shared: dict[int, float] = defaultdict(float)
        for stem in content:
            for number in self.stems.get(stem, ()):
                shared[number] += self.weights[stem]
        own = self._weight(content)
        scores = (
            (2 * weight / (own + self._weight(self.contents[number])), number)
            for number, weight in shared.items()
            if len(self.contents[number]) >= self.least
        )
        best = max(scores, default=(0.0, 0))
        return (best[1], "content words", best[0]) if best[0] >= self.overlap else None

    def _weight(self, content: set[str]) -> float:
        return sum(self.weights.get(stem, self.unseen) for stem in content)


def bundled() -> list[Example]:
    """Return the project's own evaluation tasks."""
    with as_file(files("alpaca.assets").joinpath("evaluation_tasks.jsonl")) as path:
        return read(path)[0]


def _words(example: Example) -> list[str]:
    return words(f"{example.instruction} {example.input}")


def _content(text: list[str]) -> set[str]:
    return {word[:STEM] for word in text if word not in STOP and len(word) > 1}


def _runs(text: list[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(text[place : place + length]) for place in range(len(text) - length + 1)]
