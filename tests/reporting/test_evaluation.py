"""The page of an evaluation: what it states, what it leaves out, and that nothing in the data can act on it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from compared import write_evaluation
from hostile import HOSTILE
from parsed import Parsed
from rich.console import Console

from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import Judgment
from alpaca.files import write_json, write_jsonl
from alpaca.reporting.checks import checks, told_apart
from alpaca.reporting.evaluation import compared, filters, render, report, table

TASKS = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_evaluation(tmp_path / "run" / "evaluate", TASKS)
    return tmp_path / "run" / "evaluate"


@pytest.fixture
def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "win_rate.json").read_text("utf-8"))
    return found


def rows_of(text: str) -> list[list[Any]]:
    packed = re.search(r'id="rows">([^<]+)<', text)
    assert packed
    rows: list[list[Any]] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return rows


def test_it_states_the_headline_and_what_qualifies_it(folder: Path, told: dict[str, Any]) -> None:
    text = re.sub(r"\s+", " ", render(folder, told))
    low, high = told["interval"]
    for said in (
        "The candidate is better: the candidate&#39;s win rate is",
        f"95% interval {low:.1%} to {high:.1%}",
        f"Of {TASKS} tasks the candidate wins {told['wins']}, ties {told['ties']} and loses {told['losses']}",
        "2 missing judgments are in no rate",
        "cut off: 2",
        "what being shown first adds to the win rate",
        "Cohen&#39;s kappa",
        "&lt;i&gt;poems&lt;/i&gt;",
        "much shorter",
        "exact_match",
        "opposites: acc",
        "0.5000 ± 0.2500",
        "<b>Flagged.</b> More answers of the candidate are",
        "candidate: injection 2",
        "$12.50",
        "judgments differ",
    ):
        assert said in text, said


def test_every_comparison_is_in_it_with_its_judgments(folder: Path, told: dict[str, Any]) -> None:
    rows = rows_of(render(folder, told))
    assert len(rows) == TASKS
    verdict, group, marks, lengths, instruction, _, _, candidate, reference, judgments = rows[3]
    assert (verdict, group, instruction) == ("win", "<i>poems</i>", "Write about river 3")
    assert (candidate, reference[:8], lengths) == ("b", "answer 3", f"1 against {len(reference)} characters")
    assert judgments[1] == ["one", "reference", 1.0, HOSTILE]
    assert "candidate right" in marks
    assert {"candidate: injection", "judgments differ", "a comment"} <= set(rows[0][2])
    assert "candidate cut off" in rows[1][2]
    assert rows[2][9][2][2] == "cut off"


def test_nothing_in_the_data_can_act(folder: Path, told: dict[str, Any]) -> None:
    text = render(folder, told)
    parsed = Parsed(text)
    assert parsed.tags["script"] == 2
    assert not parsed.astray
    assert not parsed.open
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert not re.search(r"https?://|url\(|@import|fetch\(", text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028\ud800-\udfff]", text)
    links = [value for _, name, value in parsed.attributes if name in ("src", "href", "action", "srcset")]
    assert all(link.startswith(("#", "data:")) for link in links)
    anchors = {value for _, name, value in parsed.attributes if name == "id"}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors


def test_the_same_files_give_the_same_bytes(folder: Path, told: dict[str, Any]) -> None:
    assert render(folder, told).encode() == render(folder, told).encode()


@pytest.mark.parametrize("name", ["answers.jsonl", "judgments.jsonl", "scores.json", "harness.json"])
def test_a_file_that_is_not_there_leaves_its_part_out(folder: Path, told: dict[str, Any], name: str) -> None:
    whole = render(folder, told)
    (folder / name).unlink()
    assert len(render(folder, told)) < len(whole)


def test_stored_judgments_have_rows_without_answers(tmp_path: Path) -> None:
    judged = [
        Judgment(f"Say {n}", None if n == 3 else n / 2, "" if n < 3 else "null", "unknown", 5, 9) for n in range(4)
    ]
    write_jsonl(tmp_path / "judgments.jsonl", (each.row() for each in judged))
    text = render(tmp_path, compare(judged))
    assert [row[0] for row in rows_of(text)] == ["loss", "tie", "win", "missing"]
    assert "const answered = false;" in text
    assert 'id="groups"' not in text
    assert "position bias" in text


def test_several_models_are_ranked(tmp_path: Path) -> None:
    strength = {"model": "<b>one</b>", "strength": 0.5, "interval": [0.25, 0.75], "win_rate": 0.62}
    write_json(tmp_path / "strengths.json", {"models": [strength, strength | {"model": "two"}]})
    text = render(tmp_path, {"strengths": [strength, strength]})
    assert "2 models lie on one scale, &lt;b&gt;one&lt;/b&gt; first" in text
    assert "+0.250 to +0.750" in text


def test_no_judgment_at_all(tmp_path: Path) -> None:
    missing = compare([Judgment("a", None, "refused")])
    assert told_apart(missing) == "No judgment is there that could be counted"
    assert [check.name for check in checks(missing)] == ["missing judgments"]
    assert "refused: 1" in render(tmp_path, missing)


def scored(wins: int, ties: int, losses: int) -> dict[str, Any]:
    """Return what is told of so many, the candidate's answers longer where it wins."""
    scores = [1.0] * wins + [0.5] * ties + [0.0] * losses
    return compare(
        [Judgment(str(n), score, "", "unknown", 90 + n + 50 * round(score), 100) for n, score in enumerate(scores)]
    )


def said(told: dict[str, Any], name: str) -> tuple[str, str]:
    (found,) = (check for check in checks(told) if check.name == name)
    return found.value, found.meaning


@pytest.mark.parametrize("turned", [False, True])
def test_one_is_called_better_only_where_interval_and_sign_test_agree(turned: bool, tmp_path: Path) -> None:
    def told(wins: int, ties: int, losses: int) -> dict[str, Any]:
        return scored(*((losses, ties, wins) if turned else (wins, ties, losses)))

    few = told(4, 42, 0)
    assert not few["interval"][0] <= 0.5 <= few["interval"][1]
    line = "These 46 tasks do not settle which is better: the interval of the win rate excludes 50 %, but the sign test of "
    assert told_apart(few) == line + "the 4 decided does not agree (p = 0.125)"
    assert "do not settle which is better" in render(tmp_path, few)
    assert table(few, {}, {}).title.plain == told_apart(few)  # type: ignore[union-attr]
    assert told_apart(told(12, 42, 0)).startswith(f"The {'reference' if turned else 'candidate'} is better: ")
    assert told_apart(told(5, 42, 4)) == "These 51 tasks do not tell the two apart"
    against = told(12, 42, 0) | {"wins": 0, "losses": 12} if not turned else told(12, 42, 0) | {"wins": 12, "losses": 0}
    assert "do not settle" in told_apart(against)


@pytest.mark.parametrize("counts", [(0, 9, 0), (9, 0, 0), (1, 0, 0)])
def test_where_nothing_varies_nothing_is_said_to_be_detectable(counts: tuple[int, int, int]) -> None:
    assert said(scored(*counts), "can be detected") == ("not measured", "nothing varies")
    assert said(scored(5, 4, 3), "can be detected")[0].endswith("%")


def test_a_refusal_is_counted_and_not_called_a_flag() -> None:
    refused = {"flagged_answers": 0, "reference_flagged_answers": 0, "guards": {"reference": {"refused": 1}}}
    assert said(scored(1, 1, 1) | refused, "guards") == ("nothing flagged", "reference: refused 1")
    both = {"flagged_answers": 2, "reference_flagged_answers": 1, "guards": {"candidate": {"empty": 2}}}
    assert said(scored(1, 1, 1) | both, "guards") == ("3 flagged", "candidate: empty 2")


def test_the_rate_at_equal_length_is_shown_where_enough_is_decided(tmp_path: Path) -> None:
    few, enough = scored(20, 40, 9), scored(20, 40, 10)
    assert few["length"]["win_rate"] is not None
    value, meaning = said(few, "at equal length")
    assert (value, meaning.partition(";")[0]) == ("not measured", "too few decided tasks")
    assert "minimal length control" not in render(tmp_path, few)
    value, meaning = said(enough, "at equal length")
    assert value == f"{enough['length']['win_rate']:.1%}"
    assert "shrunk towards 50 % by its penalty, not the leaderboard's LC win rate" in meaning
    assert "minimal length control, shrunk towards 50%;" in re.sub("&#39;", "'", render(tmp_path, enough))


def test_the_bootstrap_is_called_what_it_is() -> None:
    assert (
        said(scored(3, 2, 1), "by bootstrap")[1] == "a Bayesian bootstrap over whole tasks, one win and one loss added"
    )


def test_the_table_tells_the_same(folder: Path, told: dict[str, Any]) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table(told, json.loads((folder / "scores.json").read_text("utf-8")), {}))
    text = console.export_text()
    for check in checks(told):
        assert check.name in text
        assert check.value in text
    assert re.search(r"exact_match +candidate 0.5, reference 0", text)


def test_filters_count_every_row(folder: Path) -> None:
    rows = compared(folder)
    found = filters(rows)
    assert sum(number for _, number in found["verdict"]) == len(rows) == TASKS
    assert dict(found["group"]) == {"<i>poems</i>": 12, "letters": 12}
    assert dict(found["mark"])["a judgment is missing"] == 1


def test_the_report_is_written_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(folder, {"usd": 3.0}).read_text("utf-8").startswith("<!doctype html>")
    assert "$3.00" in capsys.readouterr().out
