from __future__ import annotations

import contextlib
import itertools
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from judging import FakeJudge

from alpaca.analysis.page import Nothing as NoAnalysis
from alpaca.analysis.page import Page
from alpaca.curate import Analysis, Checks, Dedup, Scores, Selection, curate, sift, told
from alpaca.curation.contamination import Nothing
from alpaca.curation.filters import Filter, HasOutput, InstructionLength
from alpaca.curation.kept import AT_ONCE, FILES, Kept, Rejected
from alpaca.curation.rouge import Everything, Rouge
from alpaca.curation.scores import Judge
from alpaca.curation.selection import Best
from alpaca.errors import Stopped, UserError
from alpaca.files import write_json, write_jsonl
from alpaca.generators.procedural import tasks
from alpaca.manifest import Outcome
from alpaca.progress import Progress
from alpaca.records import Example, stream
from alpaca.seeds.tasks import Bundled

ROWS = [
    {"instruction": "List three large cities", "input": "", "output": "Lima", "id": 1},
    {"instruction": "Too short", "input": "", "output": "x"},
    {"instruction": "list three LARGE cities", "input": "", "output": "Cairo"},
    {"instruction": "Name an animal that swims", "input": "", "output": " "},
    {"instruction": "Name an animal that swims", "input": "", "output": 3},
    {"instruction": "Name an animal that swims", "input": "", "output": "otter"},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS), "utf-8")
    return path


def curated(
    data: Path | list[Path],
    folder: Path,
    filters: Mapping[str, Filter],
    dedup: Dedup,
    scores: Scores | None = None,
    selection: Selection | None = None,
    further: Sequence[Literal["datasets"]] = (),
    analysis: Analysis | None = None,
) -> Outcome:
    analysis = analysis or NoAnalysis()
    return curate(
        "run", folder, data, {}, filters, Nothing(), dedup, scores, selection, Bundled(), analysis, None, further
    )


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_row_is_kept_or_rejected_with_its_reason(data: Path, tmp_path: Path) -> None:
    filters = {"length": InstructionLength(4, 150), "output": HasOutput()}
    outcome = curated(data, tmp_path, filters, Rouge(0.7, ["instruction"]))
    folder = tmp_path / "run" / "curate"
    kept = json.loads((folder / "alpaca_data.json").read_text("utf-8"))
    assert kept == [{k: ROWS[i][k] for k in ("instruction", "input", "output")} for i in (0, 5)]
    assert rows(folder / "provenance.jsonl") == [{"id": 1}, {}]
    reasons = [row["reason"] for row in rows(folder / "rejected.jsonl")]
    assert reasons == ["instruction too short", "no output", "bad row: `output` is not a text but int", "duplicate"]
    assert outcome.results["examples_read"] == len(ROWS)
    assert outcome.results["examples_kept"] + outcome.results["examples_rejected"] == len(ROWS)
    assert sum(outcome.results["reasons"].values()) == 4


def test_a_duplicate_names_what_it_repeats(data: Path, tmp_path: Path) -> None:
    curated(data, tmp_path, {}, Rouge(0.7, ["instruction"]))
    duplicate = next(
        row for row in rows(tmp_path / "run" / "curate" / "rejected.jsonl") if row["reason"] == "duplicate"
    )
    assert duplicate["score"] == 1.0
    assert duplicate["duplicate_of"] == {"instruction": "List three large cities", "input": "", "output": "Lima"}


class Clusters:
    """Finds each example but the first a repetition of it, and gives no score, as `dedup=minhash` does."""

    def __init__(self, score: float | None) -> None:
        self.score = score

    def decide(self, examples: Iterable[Example]) -> Iterator[tuple[int, float | None] | None]:
        return (None if number == 0 else (0, self.score) for number, _ in enumerate(examples))


@pytest.mark.parametrize(
    ("score", "told"), [(None, "duplicate of: List"), (0.923, "duplicate, similarity 0.92, of: List")]
)
def test_the_page_tells_of_duplicates_with_and_without_a_score(
    data: Path, tmp_path: Path, score: float | None, told: str
) -> None:
    curated(data, tmp_path, {}, Clusters(score), analysis=Page("heuristic", None, None, topics=2, most_rows=9))
    numbers = json.loads((tmp_path / "run/curate/analysis.json").read_text("utf-8"))
    whys = [
        row["why"] for reason in numbers["reasons"] for row in reason["examples"] if reason["reason"] == "duplicate"
    ]
    assert whys[0] == f"{told} three large cities"


def test_without_deduplication_everything_sound_is_kept(data: Path, tmp_path: Path) -> None:
    assert curated(data, tmp_path, {}, Everything()).results["examples_kept"] == 5


def test_several_files_are_curated_as_one(data: Path, tmp_path: Path) -> None:
    one = curated(data, tmp_path / "one", {}, Everything())
    two = curated([data, data], tmp_path / "two", {}, Everything())
    assert two.results["examples_read"] == 2 * one.results["examples_read"]
    assert two.results["examples_kept"] == 2 * one.results["examples_kept"]
    assert "data_revision" not in two.results


def test_nothing_left_is_the_users_mistake(data: Path, tmp_path: Path) -> None:
    told = (
        r"no example .* is left after curation \(5 instruction too short, 1 bad row; the first: instruction too short\)"
    )
    with pytest.raises(UserError, match=told):
        curated(data, tmp_path, {"length": InstructionLength(50, 150)}, Everything())
    assert not (tmp_path / "run" / "curate" / "alpaca_data.json").exists()


def test_the_files_are_written_as_write_json_and_write_jsonl_do(tmp_path: Path) -> None:
    given = [
        {"instruction": 'Say "é" \u2028\n\t\x7f', "input": "\U0001f600", "output": "\\x", "id": 1.5, "odd": "\ud800"},
        {"instruction": "Name a bird", "input": "", "output": "owl"},
    ]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in given), "utf-8")
    curated(data, tmp_path, {}, Everything())
    write_json(
        tmp_path / "expected.json", [{key: row[key] for key in ("instruction", "input", "output")} for row in given]
    )
    write_jsonl(tmp_path / "expected.jsonl", [{"id": 1.5, "odd": "\ud800"}, {}])
    folder = tmp_path / "run" / "curate"
    assert (folder / "alpaca_data.json").read_bytes() == (tmp_path / "expected.json").read_bytes()
    assert (folder / "provenance.jsonl").read_bytes() == (tmp_path / "expected.jsonl").read_bytes()


class Keeps:
    """Keeps out what names a city."""

    def match(self, example: Example) -> dict[str, Any] | None:
        return {"task": "cities"} if "cities" in example.instruction else None


def test_what_gives_an_evaluation_task_away_lies_by_itself_too(data: Path, tmp_path: Path) -> None:
    def louder(example: Example) -> Example:
        return replace(example, output=example.output.upper())

    mends = {"louder": louder}
    outcome = curate(
        "run", tmp_path, data, mends, {}, Keeps(), Everything(), None, None, Bundled(), NoAnalysis(), None, []
    )
    found = rows(tmp_path / "run/curate/contaminated.jsonl")
    assert [(row["output"], row["reason"], row["task"]) for row in found] == [
        ("LIMA", "contaminated", "cities"),
        ("CAIRO", "contaminated", "cities"),
    ]
    assert outcome.results["reasons"] == {"contaminated": 2, "bad row": 1}


class Last:
    """Reads all before it decides, and rejects every third."""

    def decide(self, examples: Iterable[Example]) -> Iterator[tuple[int, None] | None]:
        yield from (None if number % 3 else (number // 3, None) for number in range(1, len(list(examples)) + 1))


def test_a_deduplication_may_read_all_before_it_decides(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    count = 2 * AT_ONCE + 7
    data.write_text(json.dumps([{"instruction": f"Task {n}", "output": "x", "id": n} for n in range(count)]), "utf-8")
    assert curated(data, tmp_path, {}, Last()).results["examples_kept"] == count - count // 3
    folder = tmp_path / "run" / "curate"
    repeats = rows(folder / "rejected.jsonl")
    kept = [n for n in range(count) if (n + 1) % 3]
    assert [row["id"] for row in rows(folder / "provenance.jsonl")] == kept
    assert [row["id"] for row in repeats] == [n for n in range(count) if not (n + 1) % 3]
    assert repeats[-1]["duplicate_of"] == {"instruction": f"Task {kept[count // 3]}", "input": "", "output": "x"}


def test_what_is_not_selected_is_rejected(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(
        json.dumps([{"instruction": f"Task {n}", "output": "x", "stars": n % 3} for n in range(6)]), "utf-8"
    )
    outcome = curated(data, tmp_path, {}, Everything(), selection=Best(3, "stars"))
    folder = tmp_path / "run" / "curate"
    kept = json.loads((folder / "alpaca_data.json").read_text("utf-8"))
    assert [row["instruction"] for row in kept] == ["Task 1", "Task 2", "Task 5"]
    assert rows(folder / "provenance.jsonl") == [{"stars": 1}, {"stars": 2}, {"stars": 2}]
    assert outcome.results["reasons"] == {"not selected": 3}
    assert {file.name for file in folder.iterdir()} == set(FILES)


def test_the_datasets_folder_holds_what_is_kept_and_comes_in_again(data: Path, tmp_path: Path) -> None:
    import datasets

    outcome = curated(data, tmp_path, {}, Everything(), further=["datasets"])
    folder = tmp_path / "run" / "curate"
    assert folder / "datasets" in outcome.outputs
    kept = json.loads((folder / "alpaca_data.json").read_text("utf-8"))
    assert datasets.load_from_disk(str(folder / "datasets")).to_list() == kept
    again = curated(folder / "datasets", tmp_path / "again", {}, Everything(), further=["datasets"])
    assert again.results["examples_kept"] == 5
    files = [file.relative_to(folder) for file in (folder / "datasets").iterdir()]
    assert all((folder / file).read_bytes() == (tmp_path / "again/run/curate" / file).read_bytes() for file in files)


def test_a_judge_that_stops_goes_on_and_ends_in_the_same_files(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(
        json.dumps([{"instruction": str(n % 5 + 1), "input": str(n), "output": "x"} for n in range(20)]), "utf-8"
    )
    whole, first, again = FakeJudge(), FakeJudge(replies=7), FakeJudge()
    curated(data, tmp_path / "whole", {}, Everything(), Judge(whole), Best(4, "scores.mean"))
    with pytest.raises(Stopped):
        curated(data, tmp_path / "stopped", {}, Everything(), Judge(first), Best(4, "scores.mean"))
    outcome = curated(data, tmp_path / "stopped", {}, Everything(), Judge(again), Best(4, "scores.mean"))
    assert (first.asked, again.asked, whole.asked) == (7, 13, 20)
    assert outcome.results["usd"] == 10.0
    assert outcome.results["examples_scored"] == 20
    for made in outcome.outputs:
        assert made.read_bytes() == (tmp_path / "whole" / made.relative_to(tmp_path / "stopped")).read_bytes()
    kept = rows(tmp_path / "stopped/run/curate/provenance.jsonl")
    assert kept == [{"scores": {"helpful": 5, "correct": 5, "well_posed": 3, "mean": 13 / 3}}] * 4


def test_replies_that_are_no_scores_are_told_with_their_place(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    curated(data, tmp_path, {}, Everything(), Judge(FakeJudge()))
    assert f"5 of 5 replies of the judge cannot be read as scores; they are in {tmp_path}/run/curate.l" in caplog.text


def test_it_tells_how_far_it_is(data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "alpaca")
    progress = Progress("curate", None, "row", clock=itertools.count(0, 6.0).__next__)
    checks = Checks({}, {"length": InstructionLength(4, 150)}, Nothing())
    with Rejected(tmp_path) as rejected, Kept(tmp_path) as kept:
        sift(told(stream(data), kept, rejected, progress), checks, Everything(), kept, rejected)
    expected = ["1 rows; 1 kept, 0 rejected", "3 rows; 2 kept, 1 rejected", "5 rows; 3 kept, 2 rejected"]
    assert caplog.messages == [f"curate: {line}" for line in expected]


def command(folder: Path, data: Path, *overrides: str) -> list[str]:
    return [sys.executable, "-m", "alpaca.curate", f"data={data}", f"root={folder}", "name=run", *overrides]


def contents(folder: Path) -> dict[str, bytes]:
    """Return what every file holds but those that tell the time or the folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    told = ("manifest.json", "started.json")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files if file.name not in told}


def bytes_since(folder: Path, start: float) -> int:
    """Count the bytes of files that were written to since then."""
    found = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += file.stat().st_size if file.is_file() and file.stat().st_mtime > start else 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides",
    [
        ["dedup.threshold=0.9", "dedup.fields=[instruction,input,output]"],
        ["dedup=none", "selection=diverse", "selection.count=300", "further_formats=[datasets]"],
        ["dedup=none", "scores=judge", "llm@scores.llm=fake"],
    ],
)
def test_killed_at_any_moment_it_ends_in_the_same_bytes(tmp_path: Path, overrides: list[str]) -> None:
    data = tmp_path / "data.jsonl"
    with data.open("w", encoding="utf-8") as file:
        for seed in range(4):
            for row in itertools.islice(tasks(seed, "train"), 1500):
                file.write(json.dumps(row) + "\n" + '{"instruction": "cut o\n' * (seed == 2))
    subprocess.run(command(tmp_path / "whole", data, *overrides), check=True)
    total = sum(map(len, contents(tmp_path / "whole/run").values()))
    folder, killed = tmp_path / "killed/run", 0
    for share in (0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 1.0, 1.3, 1.7):
        (folder / "curate/manifest.json").unlink(missing_ok=True)  # of one that came to its end before
        process, start = subprocess.Popen(command(tmp_path / "killed", data, *overrides)), time.time()
        while process.poll() is None and bytes_since(folder, start) <= share * total:
            time.sleep(0.002)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 6
    subprocess.run(command(tmp_path / "killed", data, *overrides), check=True)
    assert contents(tmp_path / "killed/run/curate") == contents(tmp_path / "whole/run/curate")
