"""Deduplication past memory: MinHash by datatrove, on this machine, on SLURM or on Ray.

The texts are written out in shards; datatrove's own steps sign them, compare the signatures bucket by bucket and cluster what
agrees (`curation/clusters.py`). The first example of each cluster is kept. No exact method: two texts whose n-grams have a
Jaccard similarity s share a bucket with the probability 1 - (1 - s^hashes)^buckets, so some that ROUGE-L calls duplicates are
missed; and clusters are transitive, so some are called so that are not. benchmarks/README.md has both shares, measured.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import PositiveInt

from alpaca.curation.rouge import TOKEN, Fields
from alpaca.errors import UserError
from alpaca.files import remove, sha256
from alpaca.log import logger
from alpaca.processes import end_with_parent
from alpaca.records import Example

ROWS_PER_SHARD = 50_000


class MinHash:
    """Clusters of examples whose signatures agree in a bucket."""

    def __init__(
        self,
        fields: Fields,
        n_grams: PositiveInt,
        num_buckets: PositiveInt,
        hashes_per_bucket: PositiveInt,
        folder: Path,
        executor: Literal["local", "slurm", "ray"],
        workers: PositiveInt,
        options: Mapping[str, str | int | float | bool],
    ) -> None:
        self.fields, self.folder, self.workers = fields, folder, workers
        self.n_grams, self.num_buckets, self.hashes_per_bucket = n_grams, num_buckets, hashes_per_bucket
        self.executor, self.options = executor, options

    def precheck(self) -> None:
        if importlib.util.find_spec("datatrove") is None:
            raise UserError("dedup=minhash needs datatrove; pip install 'alpaca-framework[minhash]'")

    def decide(self, examples: Iterable[Example]) -> Iterator[tuple[int, None] | None]:
        """Read all examples; then yield for each None, or which of those kept (from 0) its cluster has, for which there is no score.

        The engine's files lie in `folder` until the last decision is taken; one that was killed goes on from them. Raises
        UserError where the engine is not installed, or fails.
        """
        self.precheck()
        texts = self.folder / "texts"
        rows = _write_shards((self._text(example) for example in examples), texts)
        work = self.folder / f"{self.n_grams}-{self.num_buckets}-{self.hashes_per_bucket}-{sha256(texts)}"
        if rows:
            self._cluster(texts, work, len(rows))
        try:
            yield from _decisions(work / "clusters", rows)
        finally:  # also where the last decision is taken and no further one asked for
            remove(self.folder)

    def _text(self, example: Example) -> str:
        """Return the tokens of ROUGE-L with blanks between them."""
        return " ".join(TOKEN.findall(" ".join(getattr(example, field) for field in self.fields).lower()))

    def _cluster(self, texts: Path, work: Path, shards: int) -> None:
        """Run the engine in a process of its own, whose words go to a log."""
        numbers = {name: getattr(self, name) for name in ("n_grams", "num_buckets", "hashes_per_bucket", "workers")}
        order = {"texts": str(texts.absolute()), "work": str(work.absolute()), "shards": shards} | numbers
        order |= {"executor": self.executor, "options": dict(self.options)}
        command = [sys.executable, "-m", "alpaca.curation.clusters", json.dumps(order)]
        log = self.folder / "engine.log"
        logger.info("curate: datatrove clusters the texts in %d shards", shards)
        with log.open("wb") as words:
            engine = subprocess.run(
                command, stdout=words, stderr=subprocess.STDOUT, check=False, preexec_fn=end_with_parent
            )
        if engine.returncode:
            last = (log.read_text("utf-8", "replace").strip().splitlines() or [f"exit code {engine.returncode}"])[-1]
            raise UserError(f"datatrove could not cluster the texts: {last} (more in {_saved(log)})")


def _saved(log: Path) -> Path:
    """Copy a log out of the folders that are cleared after a failure."""
    handle, name = tempfile.mkstemp(prefix="alpaca-minhash-", suffix=".log")
    with open(handle, "wb") as copy:
        copy.write(log.read_bytes())
    return Path(name)


def _write_shards(texts: Iterable[str], folder: Path) -> list[int]:
    """Write a text a line, so many lines a file; return the number of lines of each file."""
    remove(folder)
    folder.mkdir(parents=True)
    rows: list[int] = []
    for shard, group in groupby(enumerate(texts), lambda numbered: numbered[0] // ROWS_PER_SHARD):
        with (folder / f"{shard:05d}.txt").open("w", encoding="utf-8") as file:
            rows.append(0)
            for _, text in group:
                file.write(f"{text}\n")
                rows[-1] += 1
    return rows


def _decisions(clusters: Path, rows: list[int]) -> Iterator[tuple[int, None] | None]:
    """Go through the rows of each shard with the engine's list of (row, cluster) of those that have duplicates."""
    kept, first = 0, dict[int, int]()
    for shard, count in enumerate(rows):
        file = clusters / f"{shard:06d}.clusters"
        pairs = np.fromfile(file, "<u4").reshape(-1, 2).tolist() if file.is_file() else []
        cluster_of: dict[int, int] = dict(pairs)
        for row in range(count):
            cluster = cluster_of.get(row)
            if cluster is not None and cluster in first:
                yield first[cluster], None
                continue
            if cluster is not None:
                first[cluster] = kept
            kept += 1
            yield None
