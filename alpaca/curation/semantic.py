"""Deduplication by meaning: cosine similarity of embeddings, against all examples kept before, exactly.

An embedding is the mean of a text model's last hidden states over the text's tokens, at length 1, as in Sentence-BERT
(Reimers and Gurevych 2019, section 3). Letters: B examples in a block, K kept before, D width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import PositiveInt

from alpaca.curation.rouge import Fields, Repeated, Threshold
from alpaca.doors.hub import model_folder
from alpaca.errors import UserError
from alpaca.log import quieten_libraries
from alpaca.records import Example
from alpaca.schema import ModelPath

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BLOCK = 1024  # examples that are decided on together
Vectors = npt.NDArray[np.float32]


class Semantic:
    """The embeddings of the examples kept so far, by a model that is loaded on first use."""

    def __init__(
        self, path: ModelPath, threshold: Threshold, fields: Fields, batch_size: PositiveInt, max_length: PositiveInt
    ) -> None:
        self.path, self.threshold, self.fields = path, threshold, fields
        self.batch_size, self.max_length = batch_size, max_length
        self.kept: list[Vectors] = []  # a block each

    def precheck(self) -> None:
        _ = self.tokenizer

    def decide(self, examples: Iterable[Example]) -> Iterator[Repeated | None]:
        """Yield for each example which kept one is nearest, the first of several, and the cosine, if that is above the threshold.

        Those that repeat none are kept. Raises UserError where the model cannot be loaded.
        """
        rest = iter(examples)
        while block := list(islice(rest, BLOCK)):
            yield from self._decide(self._embed(block))

    def _decide(self, vectors: Vectors) -> Iterator[Repeated | None]:
        """Decide on a block (B, D), greedily in its order."""
        before = sum(map(len, self.kept))
        number, cosine = self._nearest(vectors)
        within = vectors @ vectors.T  # (B, B)
        kept: list[int] = []
        found: list[Repeated | None] = []
        for row in range(len(vectors)):
            best = int(number[row]), float(cosine[row])
            if kept and within[row, kept].max() > best[1]:
                place = int(within[row, kept].argmax())
                best = before + place, float(within[row, kept[place]])
            found.append(best if best[1] > self.threshold else None)
            if found[-1] is None:
                kept.append(row)
        self.kept.append(vectors[kept])
        return iter(found)

    def _nearest(self, vectors: Vectors) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Return of each vector which of those kept before is nearest, and the cosine: (B,), (B,)."""
        number, cosine = np.zeros(len(vectors), np.int64), np.full(len(vectors), -2.0, np.float32)
        base = 0
        for kept in self.kept:
            if len(kept):
                cosines = vectors @ kept.T  # (B, those of one block)
                best = cosines.max(axis=1)
                nearer = best > cosine
                number[nearer], cosine[nearer] = base + cosines.argmax(axis=1)[nearer], best[nearer]
            base += len(kept)
        return number, cosine

    def _embed(self, examples: Sequence[Example]) -> Vectors:
        """Embed examples, those of like length together: (B, D)."""
        texts = [" ".join(filter(None, (getattr(example, field) for field in self.fields))) for example in examples]
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        parts = [
            self._embed_batch([texts[row] for row in order[first : first + self.batch_size]])
            for first in range(0, len(order), self.batch_size)
        ]
        vectors: Vectors = np.concatenate(parts)[np.argsort(order)]
        return vectors

    def _embed_batch(self, texts: list[str]) -> Vectors:
        import torch

        batch = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=self.max_length)
        batch = batch.to(self.network.device)
        with torch.inference_mode():
            hidden = self.network(**batch).last_hidden_state.float()  # (B, tokens, D)
            mask = batch["attention_mask"].unsqueeze(-1)  # (B, tokens, 1)
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            vectors: Vectors = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return vectors

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        from transformers import AutoTokenizer

        tokenizer: PreTrainedTokenizerBase = self._loaded(AutoTokenizer)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token  # masked, so it is never seen
        return tokenizer

    @cached_property
    def network(self) -> PreTrainedModel:
        import torch
        from transformers import AutoModel

        quieten_libraries()
        network: PreTrainedModel = self._loaded(AutoModel)
        network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))  # type: ignore[arg-type]
        network.eval()
        return network

    def _loaded(self, part: Any) -> Any:
        try:
            return part.from_pretrained(model_folder(self.path, weights=True))
        except (OSError, ValueError) as problem:
            raise UserError(f"dedup.path: cannot load {self.path}: {str(problem).splitlines()[0]}") from problem
