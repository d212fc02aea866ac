from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaca.analysis.page import Nothing as NoAnalysis
from alpaca.composition import compose, instantiated
from alpaca.curate import curate
from alpaca.curation.contamination import Nothing
from alpaca.curation.mends import mended
from alpaca.curation.rouge import Everything
from alpaca.records import Example
from alpaca.seeds.tasks import Bundled

ALL = instantiated(compose("curate", ["mends=all"]))["mends"]


@pytest.mark.parametrize(
    ("row", "after", "names"),
    [
        (("Say it.", "<noinput>", "Yes."), ("Say it.", "", "Yes."), ["no_input"]),
        (("Say it.", "", "The cafÃ© is open. "), ("Say it.", "", "The café is open."), ["encoding", "whitespace"]),
        (("Say it.", "", "Salt &amp; pepper."), ("Say it.", "", "Salt & pepper."), ["entities"]),
        (("Say it.", "", "A  \n\n\n\nB"), ("Say it.", "", "A\n\nB"), ["whitespace"]),
        (("Say it.", "", "Yes.\n\n### Instruction:\nName one."), ("Say it.", "", "Yes."), ["remnants"]),
    ],
)
def test_what_can_be_mended_is(row: tuple[str, str, str], after: tuple[str, str, str], names: list[str]) -> None:
    found = mended(Example(*row, {"id": 1}), ALL)
    assert found == Example(*after)
    assert found.about == {"id": 1, "mended": names, "before": Example(*row).alpaca()}


@pytest.mark.parametrize("output", ["Use &nbsp; in HTML.", "Plain text.", "“Quoted” – as it was."])
def test_what_is_sound_stays_the_same_object(output: str) -> None:
    example = Example("Explain entities in HTML.", "", output)
    assert mended(example, ALL) is example


@given(st.text(max_size=60), st.text(max_size=60))
def test_mending_twice_changes_no_more(given_input: str, output: str) -> None:
    once = mended(Example("Say it.", given_input, output), ALL)
    twice = mended(mended(once, ALL), ALL)
    assert mended(twice, ALL) == twice


def test_nothing_is_mended_unless_asked(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps([{"instruction": "Say it.", "input": "N/A", "output": "Yes. "}]), "utf-8")
    for name, mends in (("as_it_is", {}), ("mended", ALL)):
        curate(name, tmp_path, data, mends, {}, Nothing(), Everything(), None, None, Bundled(), NoAnalysis(), None, [])
    folders = [tmp_path / name / "curate" for name in ("as_it_is", "mended")]
    kept = [json.loads((folder / "alpaca_data.json").read_text("utf-8")) for folder in folders]
    assert kept[0] == [{"instruction": "Say it.", "input": "N/A", "output": "Yes. "}]
    assert kept[1] == [{"instruction": "Say it.", "input": "", "output": "Yes."}]
    about = [json.loads((folder / "provenance.jsonl").read_text("utf-8")) for folder in folders]
    assert about == [{}, {"mended": ["whitespace", "no_input"], "before": kept[0][0]}]
