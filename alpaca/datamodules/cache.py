"""Tokens kept on disk under a fingerprint of all that they depend on, so that a sweep tokenizes once."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from alpaca import records
from alpaca.datamodules import encoding
from alpaca.datamodules.encoding import Encoded, LongExamples
from alpaca.datamodules.tokens import Tokens
from alpaca.doors import tables, text
from alpaca.files import sha256, write_whole
from alpaca.log import logger
from alpaca.prompts import alpaca as prompts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIGEST: Final = hashlib.sha256().digest_size
CODE: Final = (
    encoding,
    records,
    text,
    tables,
    prompts,
)  # what a change in would make other tokens; the templates are in the last
LIBRARIES: Final = ("tokenizers", "transformers")


def fingerprint(
    data: Sequence[Path], tokenizer: PreTrainedTokenizerBase, max_length: int, long_examples: LongExamples
) -> str:
    """Return a sha256 (hex) over the data's bytes (of a hub id, its name and revision), the tokenizer, the code with its templates, and the limits."""
    parts = {
        "data": [sha256(path) if path.exists() else str(path) for path in data],
        "tokenizer": tokenizer.backend_tokenizer.to_str(),
        "special_tokens": [tokenizer.bos_token_id, tokenizer.eos_token_id],
        "chat_template": tokenizer.chat_template,
        "code": [sha256(Path(str(module.__file__))) for module in CODE],
        "versions": [importlib.metadata.version(library) for library in LIBRARIES],
        "max_length": max_length,
        "long_examples": long_examples,
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def cached(path: Path, make: Callable[[], Encoded]) -> Encoded:
    """Return what is kept at `path`; where there is nothing, or nothing whole, make it and keep it.

    Other processes that want the same wait until it is made.
    """
    with _locked(path):
        kept = load(path)
        if kept is not None:
            return kept
        if path.exists():
            logger.warning("the tokens kept in %s are damaged; tokenizing anew", path)
        made = make()
        save(made, path)
        return made


def save(encoded: Encoded, path: Path) -> None:
    """Write an .npz with the sha256 of its bytes behind them."""
    about = {name: getattr(encoded, name) for name in ("truncated", "too_long", "without_target", "refused")}
    tokens, buffer = encoded.tokens, io.BytesIO()
    np.savez(
        buffer,
        ids=tokens.ids,
        targets=tokens.targets,
        ends=tokens.ends,
        kept=encoded.kept,
        about=np.array(json.dumps(about)),
    )
    content = buffer.getvalue()
    write_whole(path, lambda temporary: _write(temporary, content + hashlib.sha256(content).digest()))


def load(path: Path) -> Encoded | None:
    """Read what `save` wrote; None where there is no such file, or any byte of it is not as it was written."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    content, digest = content[:-DIGEST], content[-DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        return None
    with np.load(io.BytesIO(content)) as arrays:
        about = json.loads(str(arrays["about"]))
        refused = {int(index): reason for index, reason in about.pop("refused").items()}
        tokens = Tokens(arrays["ids"], arrays["targets"], arrays["ends"])
        return Encoded(tokens, arrays["kept"], refused=refused, **about)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
