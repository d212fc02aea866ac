from __future__ import annotations

from pathlib import Path

import pytest

from alpaca.composition import compose
from alpaca.errors import UserError
from alpaca.manifest import same_result
from alpaca.roles import roles, spelled_out


@pytest.mark.parametrize(
    ("stage", "short", "full"),
    [
        ("evaluate", ["candidate=openai", "reference=fake"], ["llm@candidate=openai", "llm@reference=fake"]),
        ("curate", ["scores=judge", "scores.llm=fake"], ["scores=judge", "llm@scores.llm=fake"]),
    ],
)
def test_a_choice_by_its_place_is_that_of_its_group(stage: str, short: list[str], full: list[str]) -> None:
    assert compose(stage, short) == compose(stage, full) != compose(stage, [])


def test_values_that_name_no_option_are_left_as_they_are() -> None:
    given = ["candidate=null", "candidate={a: 1}", "candidate=", "candidate.path=a", "judge=stored", "candidate"]
    assert spelled_out(given, {"candidate": "llm@candidate"}) == given
    assert spelled_out(["candidate=a,b"], {"candidate": "llm@candidate"}) == ["llm@candidate=a,b"]


def test_parts_of_options_go_by_their_place_too(tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    (tmp_path / "judge" / "mine.yaml").write_text("defaults:\n  - /llm@llm: fake\n  - _self_\n", "utf-8")
    found = roles(["llm@candidate", "judge"], [tmp_path])
    assert found == {"candidate": "llm@candidate", "judge.llm": "llm@judge.llm"}


@pytest.mark.parametrize(
    ("slip", "line"),
    [("opneai", "did you mean `openai`?"), ("a/model", "unknown option `a/model` in llm; .*a key of an option")],
)
def test_what_is_no_option_is_told_in_a_line(slip: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        compose("evaluate", [f"candidate={slip}"])


@pytest.mark.parametrize("place", ["llm", "candidate", "reference", "judge.llm", "scores.llm"])
def test_how_fast_a_model_is_asked_changes_no_result_wherever_it_is(place: str) -> None:
    def config(**keys: object) -> dict[str, object]:
        inner: dict[str, object] = keys
        for part in reversed(place.split(".")):
            inner = {part: inner}
        return inner

    assert same_result("evaluate", config(model="a", concurrency=1), config(model="a", concurrency=2))
    assert not same_result("evaluate", config(model="a"), config(model="b"))
