from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alpaca.doors.address import address_of, here
from alpaca.doors.hub import is_elsewhere, pinned
from alpaca.errors import UserError
from alpaca.evaluation.sets import tasks_file
from alpaca.records import read

CONTENT = b'{"instruction": "Say hello", "output": "Hi"}\n'
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A server with one file, the paths that it was asked for, and a home of one's own for the cache."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/a/set.jsonl" else 404)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_an_address_is_fetched_once(site: tuple[str, list[str]]) -> None:
    address = f"{site[0]}/a/set.jsonl"
    for _ in range(2):
        assert pinned(Path(address)).read_bytes() == CONTENT  # whose slashes Path runs together
        assert here(address, SHA256).read_bytes() == CONTENT
    assert site[1] == ["/a/set.jsonl"]
    assert not list(Path.home().rglob("*.partial"))


def test_a_file_that_is_not_the_expected_is_refused_and_fetched_again(site: tuple[str, list[str]]) -> None:
    address = f"{site[0]}/a/set.jsonl"
    with pytest.raises(UserError, match=r"not the file it was .*; do this instead"):
        here(address, "0" * 64, "do this instead")
    here(address).write_bytes(b"spoilt")
    assert here(address, SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("address", ["/b/set.jsonl", None])
def test_what_cannot_be_fetched_is_told_in_a_line(site: tuple[str, list[str]], address: str | None) -> None:
    with pytest.raises(UserError, match=r"cannot fetch .*; give a file instead") as told:
        here(f"{site[0]}{address}" if address else "http://127.0.0.1:9/set.jsonl")
    assert "\n" not in str(told.value)


def test_files_folders_and_hub_ids_are_no_addresses() -> None:
    assert [address_of(Path(text)) for text in ("a/b", "org/name", "/a", "https")] == [None] * 4
    assert is_elsewhere(Path("https://host/x.json"))
    assert not is_elsewhere(Path("nowhere.json"))


def test_the_projects_own_set_is_within_it() -> None:
    assert len(read(tasks_file(Path("pkg://alpaca.assets/evaluation_tasks.jsonl"), None))[0]) == 132


def test_a_set_is_held_to_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(CONTENT)
    assert tasks_file(path, SHA256) == tasks_file(path, None) == path
    with pytest.raises(UserError, match=f"its sha256 is {SHA256}"):
        tasks_file(path, "0" * 64)
