from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from alpaca.analysis import measure
from alpaca.analysis.folder import curated, rejected
from alpaca.analysis.lengths import lengths, words
from alpaca.analysis.measure import Ruler
from alpaca.analysis.overlap import nearest_pairs, nearest_seeds
from alpaca.analysis.page import Page
from alpaca.analysis.parsers import found_by, parser
from alpaca.analysis.sample import sample
from alpaca.analysis.topics import OTHER, learned
from alpaca.curation.rouge import Rouge, f_measure
from alpaca.errors import UserError
from alpaca.records import Example, read
from alpaca.seeds.tasks import Bundled

SEEDS = ["Write a story about a dog", "Name three rivers"]
EXAMPLES = [
    Example("Write a story about a cat", "", "Once upon a time"),
    Example("Write a story about a cat", "short", "The cat"),
    Example("Write a letter to a friend", "", "Dear Ana"),
    Example("Name three rivers", "in Asia", "Ob Lena Indus"),
    Example("Why is the sky blue", " ", "Rayleigh"),
]


class Token:
    """As much of spaCy's token as is asked of it."""

    def __init__(self, lemma: str, pos: str, dep: str, *children: Token) -> None:
        self.lemma_, self.pos_, self.dep_, self.children = lemma, pos, dep, children


class Pipeline:
    """A parser that answers with ready trees."""

    def __init__(self, *documents: list[Token]) -> None:
        self.documents = documents

    def pipe(self, texts: object, *, batch_size: int) -> object:
        return iter(self.documents)


def ruler(topics: int = 2) -> Ruler:
    return Ruler(parser("heuristic"), lambda texts: [len(text) for text in texts], SEEDS, learned([], topics))


def test_numbers_of_a_small_set() -> None:
    numbers = ruler().measure("small", sample(EXAMPLES, 10), [OTHER] * 5)
    assert (numbers["rows"], numbers["looked_at"], numbers["with_input"], numbers["instructions"]) == (5, 5, 2, 4)
    assert numbers["words"]["instruction"] == {
        "texts": 5, "median": 6, "mean": 5.2, "longest": 6, "counts": {"3": 1, "5": 1, "6": 3},
    }  # fmt: skip
    assert numbers["words"]["input"]["counts"] == {"1": 1, "2": 1}
    assert numbers["tokens"]["output"]["longest"] == 16
    assert numbers["with_pair"] == 4
    assert numbers["verbs"] == [
        {"verb": "write", "count": 3, "objects": [{"noun": "story", "count": 2}, {"noun": "letter", "count": 1}]},
        {"verb": "name", "count": 1, "objects": [{"noun": "river", "count": 1}]},
    ]
    assert numbers["overlap"] == {
        "seeds": 2, "mean": 0.6333, "median": 0.8333, "same": 1, "counts": {"0": 1, "50": 1, "83": 2, "100": 1},
    }  # fmt: skip
    assert numbers["topics"] == [{"words": [], "count": 5}]
    assert [(pair["score"], pair["first"]) for pair in numbers["nearest"]] == [(0.5, "Write a story about a cat")]


def test_the_wheel_holds_twenty_verbs_with_four_objects() -> None:
    pairs = Counter({(f"verb{v}", f"noun{n}"): 30 - v + n for v in range(30) for n in range(6)})
    wheel = measure.wheel(pairs)
    assert [verb["verb"] for verb in wheel] == [f"verb{v}" for v in range(20)]
    assert all([noun["noun"] for noun in verb["objects"]] == ["noun5", "noun4", "noun3", "noun2"] for verb in wheel)


def test_nearest_seed_is_rouge_l() -> None:
    assert nearest_seeds(["name three big rivers", "nothing shared"], SEEDS) == [(1, f_measure(3, 4, 3)), (-1, 0.0)]


@pytest.mark.real_data
def test_nearest_seed_is_that_of_the_index(real_data: Path) -> None:
    texts = [example.instruction for example in read(real_data / "alpaca_en_demo.json")[0][:300]]
    seeds = Bundled().read()
    index = Rouge(1e-9, ["instruction"])
    for seed in seeds:
        index.add(seed)
    expected = [index.duplicate_of(Example(text, "", "")) for text in texts]
    found = nearest_seeds(texts, [seed.instruction for seed in seeds])
    assert [score for _, score in found] == pytest.approx([pair[1] if pair else 0.0 for pair in expected], abs=1e-12)


def test_without_seeds_nothing_is_near() -> None:
    assert nearest_seeds(["a text"], []) == [(-1, 0.0)]


def test_nearest_pairs_are_the_most_similar() -> None:
    texts = ["a b c d e", "x y z", "a b c d f", "a b c g h", "x y w"]
    found = [(pair.first, pair.second, round(pair.score, 2)) for pair in nearest_pairs(texts, 2)]
    assert found == [(0, 2, 0.8), (1, 4, 0.67)]


def test_what_two_sets_share() -> None:
    other = [EXAMPLES[0], Example("Name three rivers", "", "Nile"), EXAMPLES[0]]
    assert measure.shared(EXAMPLES, other) == {"rows": 1, "instructions": 3}


def test_topics_part_what_differs_and_are_the_same_again() -> None:
    kinds = [
        "kitten tiger",
        "planet galaxy",
        "violin cello",
        "copper zinc",
        "harbour anchor",
        "wizard dragon",
        "maple oak",
    ]
    texts = [f"the {kind} of number {i}" for i in range(9) for kind in kinds]
    topics = learned(texts, len(kinds))
    found = topics.of([*texts, "nothing"])
    assert sorted(set(found[: len(kinds)])) == list(range(len(kinds)))
    assert found == [*found[: len(kinds)] * 9, OTHER]
    assert sorted(topics.names[found[0]]) == ["kitten", "tiger"]
    assert learned(texts, len(kinds)).names == topics.names


def test_topics_of_nothing_are_none() -> None:
    assert learned([], 5).names == []
    assert learned([], 5).of(["a text"]) == [OTHER]


@pytest.mark.parametrize(("count", "step", "held"), [(0, 1, 0), (4, 1, 4), (5, 2, 3), (9, 4, 3), (1000, 256, 4)])
def test_a_sample_is_spread_evenly(count: int, step: int, held: int) -> None:
    taken = sample(iter(range(count)), 4)
    assert (taken.total, taken.step) == (count, step)
    assert taken.items == list(range(0, count, step))
    assert len(taken.items) == held


def test_lengths() -> None:
    assert words(["", "one", "two  words\n"]) == [0, 1, 2]
    assert lengths([])["median"] == 0
    assert lengths([1, 2, 3, 9])["median"] == 3


def test_spacy_is_asked_for_the_root_and_its_object() -> None:
    write = Token("Write", "VERB", "ROOT", Token("a", "DET", "det"), Token("Story", "NOUN", "dobj"))
    asked = Token("be", "AUX", "ROOT", Token("help", "VERB", "xcomp", Token("friend", "NOUN", "obj")))
    alone = Token("come", "VERB", "ROOT", Token("up", "ADP", "prt"))
    pipeline = Pipeline([write], [asked], [alone], [])
    assert list(found_by(pipeline, ["", "", "", ""])) == [("write", "story"), ("help", "friend"), None, None]  # type: ignore[arg-type]


def test_rejected_rows_of_every_form() -> None:
    fields = {"instruction": "a", "input": "b", "output": "c"}
    assert rejected({"reason": "keyword: map", **fields}) == ("keyword", "keyword: map", "a", "b", "c")
    duplicate = {"reason": "duplicate", "score": 0.75, "duplicate_of": {"instruction": "A"}, **fields}
    assert rejected(duplicate).why == "duplicate, similarity 0.75, of: A"
    bad = rejected({"reason": "bad row: no", "where": "f:3", "row": {"x": "é"}})
    assert bad == ("bad row", "bad row: no (f:3)", '{"x": "é"}', "", "")


def test_all_rejected_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / "alpaca_data.json").write_text(json.dumps([e.alpaca() for e in EXAMPLES]), "utf-8")
    rows = [{"reason": f"r{i % 2}", "instruction": "a\u2028b", "input": "", "output": ""} for i in range(9)]
    (tmp_path / "rejected.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    found = curated(tmp_path, 4)
    assert found.reasons == {"r0": 5, "r1": 4}
    assert found.rejected.total == 9
    assert len(found.kept.items) == 3


def test_without_spacy_it_cannot_be_asked_for() -> None:
    from alpaca.analysis.parsers import installed_model

    if installed_model():
        pytest.skip("a model of spaCy is installed")
    assert parser("auto").name == parser("heuristic").name
    with pytest.raises(UserError, match=r"analysis\.parser=heuristic"):
        Page("spacy", None, None, topics=1, most_rows=1)
