from __future__ import annotations

import importlib.util
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from alpaca.curation import minhash
from alpaca.curation.minhash import MinHash, _decisions, _saved, _write_shards
from alpaca.errors import UserError
from alpaca.records import Example

INSTALLED = importlib.util.find_spec("datatrove") is not None
needs_engine = pytest.mark.skipif(not INSTALLED, reason="datatrove is not installed: pip install '.[minhash]'")


def index(folder: Path, **changes: object) -> MinHash:
    given = {"n_grams": 1, "num_buckets": 14, "hashes_per_bucket": 8, "executor": "local", "workers": 1, "options": {}}
    return MinHash(["instruction", "input"], folder=folder, **(given | changes))  # type: ignore[arg-type]


def test_the_first_of_a_cluster_is_kept(tmp_path: Path) -> None:
    """Rows 1 and 3 of the first shard and 0 of the second are a cluster, and 2 and 1 of the shards another."""
    np.array([[1, 7], [2, 9], [3, 7]], "<u4").tofile(tmp_path / "000000.clusters")
    np.array([[0, 7], [1, 9]], "<u4").tofile(tmp_path / "000001.clusters")
    found = list(_decisions(tmp_path, [4, 3]))
    assert found == [None, None, None, (1, None), (1, None), (2, None), None]


def test_shards_hold_a_text_a_line(tmp_path: Path) -> None:
    count = minhash.ROWS_PER_SHARD + 2
    assert _write_shards((str(number) for number in range(count)), tmp_path / "texts") == [minhash.ROWS_PER_SHARD, 2]
    lines = [line for file in sorted((tmp_path / "texts").iterdir()) for line in file.read_text().splitlines()]
    assert lines == [str(number) for number in range(count)]
    assert _write_shards([], tmp_path / "texts") == []
    assert list((tmp_path / "texts").iterdir()) == []


@pytest.mark.skipif(INSTALLED, reason="datatrove is installed")
def test_without_the_engine_it_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"alpaca-framework\[minhash\]"):
        list(index(tmp_path).decide([Example("x", "", "x")]))
    assert list(tmp_path.iterdir()) == []


@needs_engine
def test_the_engine_finds_repetitions(tmp_path: Path) -> None:
    rng = random.Random(0)
    words = [f"word{number}" for number in range(2000)]
    texts = [" ".join(rng.sample(words, 12)) for _ in range(300)]
    examples = [Example(text, "", "x") for text in [*texts, "", *(text.upper() + "!" for text in texts), ""]]
    found = list(index(tmp_path / "engine").decide(examples))
    assert found == [None] * 301 + [(number, None) for number in range(300)] + [None]
    assert not (tmp_path / "engine").exists()


@needs_engine
@pytest.mark.slow
def test_two_workers_find_the_same_as_one(tmp_path: Path) -> None:
    rng = random.Random(0)
    texts = [" ".join(rng.choices("abcdefghij", k=12)) for _ in range(200)]
    examples = [Example(" ".join(pair), "", "x") for pair in pairwise(texts)]
    one, two = (list(index(tmp_path / "engine", workers=workers).decide(examples)) for workers in (1, 2))
    assert one == two
    assert 0 < sum(decision is None for decision in one) < len(examples)


@needs_engine
def test_a_wrong_option_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dedup\.options do not fit LocalPipelineExecutor: .*partition") as problem:
        list(index(tmp_path, options={"partition": "cpu"}).decide([Example("x", "", "x")]))
    assert "\n" not in str(problem.value)
    Path(str(problem.value).partition("more in ")[2].rstrip(")")).unlink()


def test_the_log_of_a_failure_outlives_the_folder(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text("why\n")
    saved = _saved(tmp_path / "engine.log")
    (tmp_path / "engine.log").unlink()
    assert saved.read_text() == "why\n"
    saved.unlink()
