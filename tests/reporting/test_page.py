"""The report of a run: what it shows, what it leaves out, and that nothing in the data can act on the page."""

from __future__ import annotations

import io
import json
import math
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from parsed import Parsed
from rich.console import Console

from alpaca.reporting import charts, page, template

HOSTILE = '<script>alert("x")</script>\x1b[31m\x00\u202e</div>\ud83d {{ 7 * 7 }} & \r\nnext'


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    write(path, "".join(json.dumps(row) + "\n" for row in rows))


def finish(run: Path, stage: str, results: dict[str, object], seconds: float = 1.5, torch: str = "2.13.0") -> None:
    manifest = {
        "stage": stage,
        "config": {"seed": 0, "model": {"width": 64, "betas": [0.9, 0.95]}, "empty": {}},
        "inputs": {f"before/{stage}.json": "ab" * 32},
        "outputs": {},
        "versions": {"alpaca": "0.1.0", "torch": torch},
        "seconds": seconds,
        "results": results,
    }
    write(run / stage / "manifest.json", json.dumps(manifest))


def answer(family: str | None, number: int, correct: bool | None) -> dict[str, object]:
    verdict = "win" if correct else "tie"
    task = {"family": family, "instruction": f"Do {number}.", "input": "", "output": "done", "verdict": verdict}
    given = {"candidate": "done" if correct else "na " * 300, "reference": HOSTILE}
    return {**task, **given, "candidate_correct": correct, "reference_correct": False}


def write_data(run: Path) -> None:
    example = {"instruction": "Count the items.", "input": "owl\ncat", "output": "2"}
    write_rows(run / "generate" / "raw.jsonl", [{**example, "family": "count"}])
    write(run / "curate" / "alpaca_data.json", json.dumps([example, {**example, "instruction": HOSTILE, "input": ""}]))
    write_rows(run / "curate" / "rejected.jsonl", [{**example, "reason": "too <short>", "output": HOSTILE}])
    finish(run, "generate", {"examples_generated": 3, "held_out": 1, "families": 1, "usd": None})
    counts = {"examples_read": 3, "examples_kept": 2, "examples_rejected": 1}
    finish(run, "curate", {**counts, "reasons": {"too <short>": 1}})


def write_training(run: Path) -> None:
    header = "step,epoch,loss,learning_rate,gradient_norm,tokens,target_tokens,tokens_per_second"
    rows = [f"{i},{i / 50},{5 / i},0.001,{'nan' if i == 7 else 1.0},64,16,1000" for i in range(1, 101)]
    write(run / "train" / "metrics.csv", "\n".join([header, *rows]) + "\n")
    shares = {"examples": 2, "supervised_share": 0.25, "truncated": 0, "dropped": 0, "duplicates": 0}
    sizes = {"tokens_per_epoch": 9000, "steps_per_epoch": 50, "median_tokens": 40, "longest_tokens": 99}
    sample = [["### Response:\n", False], ["owl\ncat", True], [HOSTILE, True]]
    write(run / "train" / "data_report.json", json.dumps({**shares, **sizes, "sample": sample}))
    results = {"parameters": 3_200_000, "examples": 2, "epochs": 2, "steps": 100, "final_loss": 0.05}
    finish(run, "train", {**results, "tokens_per_second": 1000.0}, seconds=3725.0)


def write_evaluation(run: Path) -> None:
    answers = [answer(family, number, number % 5 != 0) for number in range(40) for family in ("count", "reverse")]
    write_rows(run / "evaluate" / "answers.jsonl", answers)
    scores = {
        name: {"tasks": 40, "metrics": {"exact_match": {"candidate": share, "reference": 0.0}}}
        for name, share in (("count", 0.5), ("reverse", 0.75))
    }
    write(run / "evaluate" / "report.html", "")
    write(run / "evaluate" / "scores.json", json.dumps({"families": scores}))
    rates = {
        "tasks": 80,
        "exact_match": 0.8,
        "exact_match_reference": 0.0,
        "perplexity": 1.5,
        "perplexity_reference": 900.0,
    }
    wins = {"win_rate": 0.9, "wins": 64, "ties": 16, "losses": 0, "standard_error": 0.02, "interval": [0.85, 0.94]}
    finish(run, "evaluate", {**rates, **wins}, torch="2.14.0")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny <run>"
    for write_stage in (write_data, write_training, write_evaluation):
        write_stage(folder)
    return folder


def test_page_states_what_came_out(run: Path) -> None:
    text = re.sub(r"\s+", " ", page.render(run))
    for said in (
        "A model of 3.2 million parameters was trained on 2 examples for 2 epochs.",
        "It answers 80.0% of 80 held-out tasks exactly right; the reference it is compared with answers 0.0%.",
        "The candidate wins 64, ties 16 and loses 0 comparisons",
        "from 75% in reverse down to 50% in count",
        "The loss went from 5.00 to 0.050 in 100 steps",
        "4 of these 12 are failures; of all 80 tasks, 20.0% are.",
        "95% interval 85.0% to 94.0%",
        "2 of 3 examples were kept, 1 rejected",
        "Train took 1 h 02 min of 1 h 02 min",
        "<b>model.betas:</b> [0.9, 0.95]",
        "torch&nbsp;2.13.0, 2.14.0",
        "<mark>owl cat</mark>",
        "ab" * 32,
    ):
        assert said in text, said


def test_same_files_give_the_same_bytes(run: Path) -> None:
    assert page.render(run).encode() == page.render(run).encode()


def test_page_needs_nothing_from_elsewhere(run: Path) -> None:
    text = page.render(run)
    links = [value for _, name, value in Parsed(text).attributes if name in ("src", "href", "action", "srcset")]
    assert all(link.startswith(("#", "data:")) or link == "evaluate/report.html" for link in links)
    assert not re.search(r"https?://|url\(|@import", text)


def test_data_cannot_act_on_the_page(run: Path) -> None:
    text = page.render(run)
    parsed = Parsed(text)
    assert parsed.tags["script"] == 0
    assert not parsed.astray
    assert not parsed.open
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
    assert "␛[31m␀\\u202e&lt;/div&gt;\\ud83d {{ 7 * 7 }} &amp; \nnext" in text


def test_every_chart_has_a_text_alternative(run: Path) -> None:
    text = page.render(run)
    pictures = re.findall(r"<svg(?! viewBox)[^>]*>", text)
    assert len(pictures) > 15
    assert all(re.search(r'role="img" aria-label="[^"]+"', picture) for picture in pictures)


def test_stages_that_have_not_finished_are_left_out(run: Path) -> None:
    (run / "train" / "manifest.json").unlink()
    (run / "curate" / "manifest.json").unlink()
    text = page.render(run)
    assert 'id="results"' in text
    assert 'id="training"' not in text
    assert 'id="data"' not in text


def test_the_page_of_a_generation_alone_and_the_sum_of_what_was_paid(tmp_path: Path) -> None:
    finish(tmp_path, "generate", {"examples_generated": 9, "examples_kept": 7, "usd": 12.5})
    assert "12.50 USD" in page.render(tmp_path)
    finish(tmp_path, "curate", {"examples_kept": 5, "examples_read": 7, "usd": 0.5})
    finish(tmp_path, "evaluate", {"tasks": 3, "usd": 0.0})
    assert "13.00 USD" in page.render(tmp_path)


def test_empty_folder_says_so(tmp_path: Path) -> None:
    assert "No stage of this run has finished yet." in page.render(tmp_path)
    assert page.table(tmp_path).row_count == 0


@pytest.mark.parametrize(
    "name",
    [
        "train/metrics.csv",
        "train/data_report.json",
        "evaluate/answers.jsonl",
        "evaluate/scores.json",
        "evaluate/report.html",
    ],
)
def test_a_file_that_was_not_written_leaves_its_part_out(run: Path, name: str) -> None:
    whole = page.render(run)
    (run / name).unlink()
    assert len(page.render(run)) < len(whole)


def test_tasks_without_right_answers_or_families(tmp_path: Path) -> None:
    rows = [{**answer(None, number, None), "output": "", "verdict": "loss"} for number in range(3)]
    write_rows(
        tmp_path / "evaluate" / "answers.jsonl", [{k: v for k, v in row.items() if k != "family"} for row in rows]
    )
    finish(tmp_path, "evaluate", {"tasks": 3, "exact_match": None, "win_rate": 0.0, "wins": 0, "ties": 0, "losses": 3})
    text = page.render(tmp_path)
    assert text.count("reference better</span></header>") == 3
    assert "Exact match" not in text
    assert "Right answer" not in text


def test_table_has_a_row_a_stage(run: Path) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(page.table(run))
    text = console.export_text()
    assert "tiny <run>" in text
    assert re.search(r"generate +1\.5 s +3 examples · 1 families · 1 held out\s", text)
    assert re.search(r"train +1 h 02 min +loss 0\.050 · 3,200,000 parameters · 100 steps · 1,000 tokens/s", text)
    assert "win rate 90.0% (85.0% to 94.0%)" in text
    assert re.search(r"total +1 h 02 min", text)


def test_reporting_does_not_load_torch() -> None:
    code = "import sys, alpaca.reporting.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_chosen_answers_show_failures_and_families() -> None:
    families = [f"family {number}" for number in range(20)]
    rows = [
        page.Row(instruction=f"{f} {i}", input="", family=f, candidate_correct=i > 0)
        for f in families
        for i in range(10)
    ]
    picked = page.chosen(rows)
    assert sum(not row["candidate_correct"] for row in picked) == 4
    assert len({row["family"] for row in picked}) == 12
    assert page.chosen(random.Random(0).sample(rows, len(rows))) == picked


@pytest.mark.parametrize(
    ("wrong", "right", "shown"), [(0, 20, 0), (1, 20, 1), (20, 20, 4), (20, 3, 9), (20, 0, 12), (2, 2, 2)]
)
def test_chosen_answers_fill_up_with_what_there_is(wrong: int, right: int, shown: int) -> None:
    rows = [page.Row(instruction=str(i), input="", candidate_correct=i >= wrong) for i in range(wrong + right)]
    picked = page.chosen(rows)
    assert len(picked) == min(12, wrong + right)
    assert sum(not row["candidate_correct"] for row in picked) == shown


@pytest.mark.parametrize("text", ["", "short", "word " * 200, "x" * 1000, "line\n" * 50, "a" * 270])
def test_cut_loses_nothing(text: str) -> None:
    head, rest = template.cut(text)
    assert head + rest == text
    assert len(head) <= 280
    assert head.count("\n") <= 10 or not rest


def test_visible_keeps_what_people_write() -> None:
    kept = "Zoë wrote 1\u00a0234 €\n\tپ می\u200cخواهم 👩\u200d🔬"
    assert template.visible(kept) == kept


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3599.6, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert template.duration(seconds) == text


def test_families_are_counted_after_curation() -> None:
    raw = [page.Row(instruction=str(i), input="", output="", family="even" if i % 2 == 0 else "odd") for i in range(9)]
    kept = [page.Row(instruction=str(i), input="", output="") for i in (0, 2, 3, 99)]
    assert page.families_of(kept, raw) == [("even", 2), ("odd", 1), ("unknown", 1)]
    assert page.families_of(kept, []) == []


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 8, [0, 2, 4, 6, 8]),
        (0, 1e-3, [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3]),
        (0.9, 1.31, [0.9, 1.0, 1.1, 1.2, 1.3, 1.4]),
        (3, 3, [3, 4]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low: float, high: float, expected: list[float]) -> None:
    assert charts.ticks(low, high) == expected


def test_thinning_keeps_spikes_and_order() -> None:
    points = [(float(i), 100.0 if i == 31_415 else -5.0 if i == 27_182 else math.sin(i)) for i in range(50_000)]
    thin = charts.thinned(points)
    assert len(thin) <= 600
    assert {(31_415.0, 100.0), (27_182.0, -5.0)} <= set(thin)
    assert thin == sorted(thin)


def test_smoothing_keeps_a_straight_line_and_its_start() -> None:
    line = [(float(i), 10.0 - i) for i in range(5_000)]
    smooth = charts.smoothed(line)
    assert len(smooth) <= 320
    assert smooth[0] == line[0]
    assert all(y == pytest.approx(10 - x) for x, y in smooth if x < 4_900)


def test_curve_leaves_out_what_is_not_finite() -> None:
    assert charts.curve([(1, math.nan), (2, math.inf)], "loss") == ""
    drawn = charts.curve([(1, 4.0), (2, math.nan), (3, 2.0)], "loss")
    assert "nan" not in drawn
    assert "loss over 3 steps: 4 at first, 2 at last" in drawn


def test_histogram_counts_every_value_once() -> None:
    values = [0, 1, 1, 2, *range(400), 10_000]
    drawn = charts.histogram({"data": Counter(values)}, "output", "words")
    counts = [int(n.replace(",", "")) for n in re.findall(r": ([\d,]+)</title>", drawn)]
    assert sum(counts) == len(values)
    assert len(counts) <= 25
    assert "to 10,000 words: " in drawn
