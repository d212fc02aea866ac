"""The analysis that curation writes: numbers and a page that nothing in the data can act on."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import pytest
import small
from hostile import HOSTILE, write_folder
from parsed import Parsed

from alpaca.analysis.page import Nothing, Page
from alpaca.errors import UserError
from alpaca.records import Example
from alpaca.seeds.tasks import Bundled


def page(compare: Path | None = None, most_rows: int = 100, tokenizer: str | None = None) -> Page:
    return Page("heuristic", tokenizer, compare, topics=4, most_rows=most_rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "run" / "curate")


def html(folder: Path, made: Page) -> str:
    made(folder, Bundled())
    return (folder / "analysis.html").read_text("utf-8")


def rows(text: str) -> list[list[object]]:
    found = re.search(r'<script type="application/gzip" id="rows">([^<]*)</script>', text)
    assert found
    unpacked: list[list[object]] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return unpacked


def test_data_cannot_act_on_the_page(folder: Path) -> None:
    text = html(folder, page(compare=folder / "alpaca_data.json"))
    parsed = Parsed(text)
    assert parsed.tags["script"] == 3
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert parsed.tags["img"] == 0
    assert not parsed.astray
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", text)


def test_every_row_is_in_the_browser(folder: Path) -> None:
    found = rows(html(folder, page()))
    assert len(found) == 12 + 3
    assert [row[0] for row in found] == [""] * 12 + ["keyword", "bad row", "<i>"]
    assert found[0][2] == HOSTILE
    assert found[0][5] == "row 0"


def test_the_same_folder_gives_the_same_bytes(folder: Path) -> None:
    made = page(compare=folder / "alpaca_data.json")
    first = {path.name: path.read_bytes() for path in made(folder, Bundled())}
    assert {path.name: path.read_bytes() for path in made(folder, Bundled())} == first
    assert sorted(first) == ["analysis.html", "analysis.json"]


def test_page_states_the_numbers(folder: Path) -> None:
    text = re.sub(r"\s+", " ", html(folder, page()))
    for said in ("12 of 15 rows were kept", "3 rows were rejected", "Most is asked with", "run</h1>"):
        assert said in text, said
    numbers = json.loads((folder / "analysis.json").read_text("utf-8"))
    assert numbers["data"]["rows"] == 12
    assert numbers["reasons"][0] == {
        "reason": "<i>",
        "count": 1,
        "examples": [{"why": "<i>", "instruction": HOSTILE, "input": HOSTILE, "output": HOSTILE}],
    }
    assert numbers["compared"] is None


def test_page_needs_nothing_from_elsewhere(folder: Path) -> None:
    text = html(folder, page())
    links = [value for _, name, value in Parsed(text).attributes if name in ("src", "href", "action", "srcset")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"https?://|url\(|@import|fetch\(", text)


def test_two_sets_are_compared(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    kept = json.loads((folder / "alpaca_data.json").read_text("utf-8"))
    other.write_text(json.dumps([kept[0], {**kept[1], "output": "else"}]), "utf-8")
    text = re.sub(r"\s+", " ", html(folder, page(compare=other)))
    assert "run and other</h1>" in text
    assert "1 of them is also among the 2 of other, letter for letter; 2 share their instruction." in text
    assert text.count('class="wheel large"') == 2


def test_rows_of_the_other_set_that_are_no_examples_are_counted(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"instruction": "Name a bird", "output": "owl"}\n{"instruction": 3}\nnothing\n', "utf-8")
    made = page(compare=other)
    made.precheck()
    assert "2 further rows of other are no example, and left out." in re.sub(r"\s+", " ", html(folder, made))
    assert json.loads((folder / "analysis.json").read_text("utf-8"))["compared_bad_rows"] == 2


@pytest.mark.parametrize("content", ["[]", '[{"instruction": 3}]', "[1, 2]"])
def test_another_set_without_an_example_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content, "utf-8")
    with pytest.raises(UserError, match=r"other\.json has no usable example|other\.json .*empty"):
        page(compare=tmp_path / "other.json").precheck()


def test_of_many_rows_evenly_spread_ones_are_looked_at(folder: Path) -> None:
    text = html(folder, page(most_rows=5))
    assert "every 4th row" in text
    assert [row[5] for row in rows(text) if not row[0]] == ["row 0", "row 4", "row 8"]
    assert json.loads((folder / "analysis.json").read_text("utf-8"))["data"]["rows"] == 12


def test_rows_with_neither_verbs_nor_inputs(tmp_path: Path) -> None:
    example = Example("?", "", "")
    write_folder(tmp_path, [example], [])
    text = re.sub(r"\s+", " ", html(tmp_path, page()))
    assert "1 of 1 rows were kept" in text
    assert "No topics" in text
    assert "0 topics" not in text


def test_a_wrong_tokenizer_is_the_users_mistake(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"analysis\.tokenizer"):
        page(tokenizer=str(tmp_path)).precheck()


def test_none_writes_nothing(folder: Path) -> None:
    assert Nothing()(folder, Bundled()) == []
    assert not (folder / "analysis.html").exists()


def test_lengths_in_tokens_are_the_tokenizers(folder: Path, tmp_path: Path) -> None:
    tokenizer = small.tokenizer(tmp_path)
    tokenizer.save_pretrained(tmp_path / "saved")
    text = html(folder, page(tokenizer=str(tmp_path / "saved")))
    counted = json.loads((folder / "analysis.json").read_text("utf-8"))["data"]["tokens"]["output"]
    outputs = [row["output"] for row in json.loads((folder / "alpaca_data.json").read_text("utf-8"))]
    assert counted["longest"] == max(len(tokenizer.encode(output, add_special_tokens=False)) for output in outputs)
    assert f"output</b>, median {counted['median']} tokens" in re.sub(r"\s+", " ", text)
