"""MinHash clusters of texts by datatrove: `python -m alpaca.curation.clusters ORDER`, of which `curation/minhash.py` makes use.

Three of the engine's pipelines, each after the one before: signatures (a task a shard), buckets (a task a bucket), clusters
(one task), as in datatrove's examples/minhash_deduplication.py. What a task has finished it does not do again.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import datatrove.executor
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer

EXECUTORS = {"local": "LocalPipelineExecutor", "slurm": "SlurmPipelineExecutor", "ray": "RayPipelineExecutor"}
SECONDS_BETWEEN_LOOKS = 5.0  # at the tasks of a cluster


class Blanks(WordTokenizer):  # type: ignore[misc]  # the engine has no types
    """Splits at blanks, which is all that is left to do."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def read(data: object, rank: int, world_size: int, *, folder: str) -> Iterator[Document]:
    """Yield the lines of the shard of this rank."""
    with (Path(folder) / f"{rank:05d}.txt").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            yield Document(text=line, id=str(number))


def run(order: dict[str, Any]) -> None:
    """Cluster the texts of the order, and return when all tasks of the engine have ended well."""
    plain = TextNormConfig(*[False] * len(inspect.signature(TextNormConfig).parameters))
    config = MinhashConfig(
        n_grams=order["n_grams"],
        num_buckets=order["num_buckets"],
        hashes_per_bucket=order["hashes_per_bucket"],
        norm_config=plain,
        hash_config=HashConfig(hash_fc="sha1"),
    )
    signatures, buckets, clusters = (f"{order['work']}/{name}" for name in ("signatures", "buckets", "clusters"))
    sign = MinhashDedupSignature(signatures, config, language=Blanks())
    compare = MinhashDedupBuckets(signatures, buckets, config=config)
    gather = MinhashDedupCluster(buckets, clusters, config=config, save_cluster_id=True)
    reader = partial(read, folder=order["texts"])
    first = executor(order, "sign", [reader, sign], order["shards"], None)
    second = executor(order, "compare", [compare], config.num_buckets, first)
    last = executor(order, "gather", [gather], 1, second)
    last.run()
    while last.get_incomplete_ranks(skip_completed=True):
        time.sleep(SECONDS_BETWEEN_LOOKS)


def executor(order: dict[str, Any], name: str, pipeline: list[Any], tasks: int, depends: Any) -> Any:
    """Make one of the engine's executors; ends with one line where it does not take the options."""
    make = getattr(datatrove.executor, EXECUTORS[order["executor"]])
    given = {"tasks": tasks, "workers": min(order["workers"], tasks), "depends": depends}
    given |= {"logging_dir": f"{order['work']}/logs/{name}"} | order["options"]
    try:
        inspect.signature(make).bind(pipeline, **given)
    except TypeError as problem:
        sys.exit(f"dedup.options do not fit {EXECUTORS[order['executor']]}: {problem}")
    return make(pipeline, **given)


if __name__ == "__main__":
    from alpaca.curation import clusters  # by whose name, and not as `__main__`, other processes find the functions

    clusters.run(json.loads(sys.argv[1]))
