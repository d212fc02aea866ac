from __future__ import annotations

from collections.abc import Iterator

from judging import FakeJudge, Memory

from alpaca.curation.scores import Judge
from alpaca.llms.fake import Fake
from alpaca.llms.price import FREE
from alpaca.records import Example


def examples(*tasks: str) -> list[Example]:
    return [Example(task, "", "x", {"id": number}) for number, task in enumerate(tasks)]


def test_each_example_gets_its_own_scores_in_its_place() -> None:
    judge = Judge(FakeJudge())
    scored = list(judge.scored(examples("1", "2", "why", "4", "1"), Memory()))
    assert [example.instruction for example in scored] == ["1", "2", "why", "4", "1"]
    assert [example.about["id"] for example in scored] == [0, 1, 2, 3, 4]
    means = [example.about["scores"] and example.about["scores"]["mean"] for example in scored]
    assert means == [3, 10 / 3, None, 4, 3]
    assert judge.results() == {"examples_scored": 4, "examples_without_score": 1, "mean_score": 40 / 12}


def test_the_fake_model_scores() -> None:
    judge = Judge(Fake(1024, 0.0, FREE))
    scored = list(judge.scored(examples(*map(str, range(20))), Memory()))
    assert judge.results()["examples_scored"] == 20
    assert len({str(example.about["scores"]) for example in scored}) > 10
    assert judge.doubt() is None


def test_many_replies_that_are_no_scores_are_told() -> None:
    judge = Judge(FakeJudge())
    list(judge.scored(examples(*["1"] * 18, "why", "how"), Memory()))
    assert judge.doubt() == "2 of 20 replies of the judge cannot be read as scores"


def test_nothing_is_asked_for_twice_though_others_are_left_out() -> None:
    ledger = Memory()
    list(Judge(FakeJudge()).scored(examples("1", "2", "3", "2"), ledger))
    again = FakeJudge()
    assert len(list(Judge(again).scored(examples("3", "2", "2"), ledger))) == 3
    assert again.asked == 0
    assert ledger.spent_usd == 2.0


def test_examples_are_taken_as_they_are_asked_for() -> None:
    taken = []

    def endless() -> Iterator[Example]:
        for number in range(10**9):
            taken.append(number)
            yield Example(str(number % 5 + 1), "", "x")

    next(Judge(FakeJudge(ahead=4)).scored(endless(), Memory()))
    assert len(taken) == 4
