"""Data sets on the Hugging Face hub, read as a stream, of which nothing is kept; and models, which the hub's own cache keeps.

Nothing is fetched that was not named. A data set's id is `org/name`, with a split where it is not `train` and a revision where it is not the newest: `org/name:split@revision`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from alpaca.doors.address import address_of, here
from alpaca.doors.text import Row
from alpaca.errors import Stopped, UserError

ID: Final = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?::(?P<split>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?")
FILES: Final = (".json", ".jsonl", ".parquet", ".gz", ".csv", ".txt")  # what looks like a file is one, and is missing


SECONDS: Final = 30  # that the hub has to answer
TOKENIZER: Final = ("*.json", "*.model", "*.txt", "*.jinja")  # with what describes a model


class HubId(NamedTuple):
    name: str
    split: str
    revision: str | None

    @classmethod
    def of(cls, path: Path) -> HubId | None:
        """Return what a path names on the hub; None where it is, or is meant to be, a file or folder of this machine."""
        found = ID.fullmatch(str(path))
        if not found or path.exists() or path.parent.exists() or path.suffix in FILES:
            return None
        return cls(found["name"], found["split"] or "train", found["revision"])

    def __str__(self) -> str:
        return f"{self.name}:{self.split}@{self.revision}"


def pinned(path: Path) -> Path:
    """Return a hub id with the commit that it means now, an address's file, and a file or folder as it is.

    Raises UserError where there is none.
    """
    if address := address_of(path):
        return here(address)
    hub_id = HubId.of(path)
    if hub_id is None:
        return path
    from huggingface_hub import HfApi

    try:
        revision = HfApi().dataset_info(hub_id.name, revision=hub_id.revision, timeout=SECONDS).sha
    except (OSError, _http_error(), ValueError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise UserError(
            f"there is no file or folder {path}, and the hub gives no data set of that name: {reason}"
        ) from problem
    return Path(str(hub_id._replace(revision=revision)))


def is_elsewhere(path: Path) -> bool:
    """Tell whether a path names what `pinned` finds though it is not there: a hub id, or an address."""
    return HubId.of(path) is not None or address_of(path) is not None


def is_model_id(name: str) -> bool:
    """Tell whether a name is, by its form, the id of a model on the hub: `org/name`, without a split or a revision."""
    found = HubId.of(Path(name))
    return found is not None and found.name == name


def model_folder(name: str, weights: bool, endpoint: str | None = None) -> Path:
    """Return the folder that `name` is, or else that of a model's files from the hub, which is asked once, with a time limit.

    Where it cannot be reached, what is kept of earlier will do. Without `weights` there is the tokenizer and what describes
    the model. Raises UserError where there is no such model.
    """
    if Path(name).exists():
        return Path(name)
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if not is_model_id(name):
        raise UserError(f"there is no folder {name}, and it is no hub id (org/name) either")
    try:
        info = HfApi(endpoint).model_info(name, timeout=SECONDS)
        kinds = {Path(file.rfilename).suffix for file in info.siblings or ()}
        parts = ("*.safetensors" if ".safetensors" in kinds else "*.bin",) if weights else ()
        return Path(snapshot_download(name, revision=info.sha, allow_patterns=[*TOKENIZER, *parts], endpoint=endpoint))
    except (OSError, _http_error(), ValueError) as problem:
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except LocalEntryNotFoundError:
            reason = str(problem).strip().splitlines()[0]
            raise UserError(
                f"there is no folder {name}, and the hub gives no model of that name: {reason}"
            ) from problem


def hub_rows(hub_id: HubId) -> Iterator[Row]:
    """Yield the rows of a split as they come; raises Stopped where the hub can no longer be reached."""
    from alpaca.doors.tables import plain_rows

    try:
        rows = _opened(hub_id)
    except (OSError, _http_error(), ValueError, RuntimeError) as problem:
        raise UserError(f"cannot read {hub_id}: {' '.join(str(problem).split())}") from problem
    try:
        yield from plain_rows(rows, str(hub_id))
    except (OSError, _http_error()) as problem:
        raise Stopped(f"{hub_id} can no longer be read: {' '.join(str(problem).split())}") from problem


def _opened(hub_id: HubId) -> Any:
    """Open a split; of a data set that is read by a script, as AlpacaEval's, the JSON file of the data set's name."""
    from datasets import load_dataset

    try:
        return load_dataset(hub_id.name, split=hub_id.split, revision=hub_id.revision, streaming=True)
    except RuntimeError as problem:
        if "scripts are no longer supported" not in str(problem):
            raise
    file = f"{hub_id.name}@{hub_id.revision or 'main'}/{hub_id.name.partition('/')[2]}.json"
    return load_dataset("json", data_files=f"hf://datasets/{file}", split="train", streaming=True)


def _http_error() -> type[Exception]:
    """Return what the hub's client raises: the error of its HTTP library, which changes with its version."""
    from huggingface_hub.errors import HfHubHTTPError

    return next(kind for kind in HfHubHTTPError.__mro__ if kind.__name__ == "HTTPError")
