"""Files at a public address (`https://...`), fetched once into the user's cache, and files of this package (`pkg://...`)."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from alpaca.errors import UserError
from alpaca.files import sha256, writing
from alpaca.log import logger


def address_of(path: Path) -> str | None:
    """Return the address that a path spells, whose slashes `Path` runs together; None where it is a file, folder or hub id."""
    found = re.fullmatch(r"(https?|pkg):/+(.+)", str(path))
    return f"{found[1]}://{found[2]}" if found else None


def here(address: str, expected: str | None = None, otherwise: str = "give a file instead") -> Path:
    """Return the file of an address, fetched the first time, and again where it has not the `expected` sha256.

    Raises UserError, which ends in `otherwise`, where it cannot be had or is not what is expected.
    """
    if address.startswith("pkg://alpaca."):  # as in `pkg://alpaca.assets/evaluation_tasks.jsonl`
        package, _, name = address.removeprefix("pkg://alpaca.").partition("/")
        return Path(__file__).parent.parent.joinpath(*package.split("."), name)
    name = re.sub(r"[^\w.-]", "_", address.rpartition("/")[2])
    path = Path.home() / ".cache" / "alpaca" / f"{hashlib.sha256(address.encode()).hexdigest()[:12]}-{name}"
    if not path.is_file() or (expected and sha256(path) != expected):
        content = _fetched(address, otherwise)
        if expected and hashlib.sha256(content).hexdigest() != expected:
            raise UserError(f"{address} is not the file it was (its sha256 differs); {otherwise}")
        with writing(path) as file:
            file.write(content)
        logger.info("%s is kept in %s", address, path)
    return path


def _fetched(address: str, otherwise: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=30) as reply:
            content: bytes = reply.read()
    except HTTPError as problem:
        problem.close()
        raise UserError(f"cannot fetch {address} (HTTP {problem.code}: {problem.reason}); {otherwise}") from None
    except (OSError, HTTPException, ValueError) as problem:
        raise UserError(f"cannot fetch {address} ({' '.join(str(problem).split())}); {otherwise}") from None
    return content
