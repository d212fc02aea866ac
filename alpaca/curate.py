"""Keep the examples that are sound and new: `alpaca curate data=raw.jsonl`.

1. Read the examples, one at a time, from files, folders or hub ids; rows that are none are set aside.
2. Mends, where they are asked for, repair an example. Each filter may give a reason against it; then it is compared with the
   evaluation tasks to keep out, and by the deduplication with those kept before it.
3. A judge may score what is kept, and the best or the most diverse may be selected of it.
4. What is kept goes to `alpaca_data.json` in Alpaca's format, the rest to `rejected.jsonl` with its reason; what gave an
   evaluation task away is in `contaminated.jsonl` too, beside the task.
5. What the set is like goes to `analysis.json`, and to `analysis.html` for people.

All is written as it is read. Killed, it begins again, and ends in the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from annotated_types import MinLen
from pydantic import NonNegativeFloat

from alpaca.curation.contamination import Decontamination
from alpaca.curation.filters import Filter, objection
from alpaca.curation.kept import CONTAMINATED, FILES, Kept, Rejected, Waiting, kept_in, repetition
from alpaca.curation.mends import Mend, mended
from alpaca.doors.hub import pinned
from alpaca.errors import UserError
from alpaca.files import remove
from alpaca.llms.request import Ledger
from alpaca.log import logger
from alpaca.manifest import Outcome, stage_folder
from alpaca.progress import Progress
from alpaca.records import BadRow, Example, stream
from alpaca.schema import DataPath
from alpaca.seeds.tasks import Seeds
from alpaca.stage import launch

Repeated = tuple[int, float | None]  # which of the examples kept so far, counted from 0, and the score, if there is one
SIFTED = ".sifted"  # what filters and deduplication left, where scores and selection come after


class Dedup(Protocol):
    """Decides in order which examples repeat one that was kept before; it may read them all before its first decision."""

    def decide(self, examples: Iterable[Example]) -> Iterator[Repeated | None]: ...


@runtime_checkable
class Scores(Protocol):
    """Gives each example scores of its own, as `about["scores"]`, in the same order."""

    def forecast(self, examples: Iterable[Example], count: int, ledger: Ledger) -> None: ...

    def scored(self, examples: Iterable[Example], ledger: Ledger) -> Iterator[Example]: ...

    def doubt(self) -> str | None:
        """Say in a line what is wrong with most of what was scored, if it is."""
        ...

    def results(self) -> dict[str, Any]: ...


@runtime_checkable
class Selection(Protocol):
    """Says which of all examples are taken, by their numbers from 0, and of one that is not, why."""

    def selected(self, examples: Iterable[Example]) -> set[int]: ...

    def reason(self, example: Example) -> str: ...


class Analysis(Protocol):
    """Writes what the set in a folder is like, beside the seeds, and returns the files."""

    def __call__(self, folder: Path, seeds: Seeds) -> list[Path]: ...


def curate(
    name: str,
    root: Path,
    data: DataPath | Annotated[list[DataPath], MinLen(1)],
    mends: Mapping[str, Mend],
    filters: Mapping[str, Filter],
    decontamination: Decontamination,
    dedup: Dedup,
    scores: Scores | None,
    selection: Selection | None,
    seeds: Seeds,
    analysis: Analysis,
    budget_usd: NonNegativeFloat | None,
    further_formats: Sequence[Literal["datasets"]],
) -> Outcome:
    """Curate examples; raises UserError where nothing is left, and Stopped where the budget for scores is spent."""
    folder = stage_folder(root, name, "curate")
    paths = data if isinstance(data, list) else [data]
    sources = [pinned(path) for path in paths]
    sifted = folder if scores is None and selection is None else folder / SIFTED
    with Rejected(folder) as rejected:
        with Kept(sifted) as kept:
            with closing(Progress("curate", None, "row")) as progress:
                found = told(chain.from_iterable(map(stream, sources)), kept, rejected, progress)
                read = sift(found, Checks(mends, filters, decontamination), dedup, kept, rejected)
            if not kept:
                why = f" ({rejected.told()})" if read else ""
                raise UserError(f"no example of {', '.join(map(str, paths))} is left after curation{why}")
        if scores is not None:
            usd = score(folder, len(kept), scores, budget_usd)
        if sifted != folder:
            kept = select(folder, selection, rejected)
    if rejected.reasons:
        logger.info("curate: rejected.jsonl has %s", rejected.told())
    results = {
        "examples_read": read,
        "examples_kept": len(kept),
        "examples_rejected": rejected.reasons.total(),
        "reasons": dict(rejected.reasons.most_common()),
    }
    results |= scores.results() | {"usd": usd} if scores else {}
    results |= {"data_revision": ", ".join(map(str, sources))} if sources != paths else {}
    made = [*FILES, *write_formats(folder, further_formats)]
    return Outcome(results, [*(folder / part for part in made), *analysis(folder, seeds)])


@dataclass(frozen=True)
class Checks:
    """What is done to an example, and asked of it, before it is compared with others."""

    mends: Mapping[str, Mend]
    filters: Mapping[str, Filter]
    decontamination: Decontamination

    def mended(self, example: Example) -> Example:
        return mended(example, self.mends)

    def objection(self, example: Example) -> dict[str, Any] | None:
        """Return the first filter's reason against an example, or which evaluation task it gives away, or None."""
        return objection(example, self.filters) or self._contamination(example)

    def _contamination(self, example: Example) -> dict[str, Any] | None:
        found = self.decontamination.match(example)
        return found and {"reason": CONTAMINATED} | found


def told(
    found: Iterable[Example | BadRow], kept: Kept, rejected: Rejected, progress: Progress
) -> Iterator[Example | BadRow]:
    """Yield what is read, and tell how far it is and what has become of it."""
    for number, record in enumerate(found):
        progress.update(number, lambda: f"{len(kept):,} kept, {rejected.reasons.total():,} rejected")
        yield record


def sift(found: Iterable[Example | BadRow], checks: Checks, dedup: Dedup, kept: Kept, rejected: Rejected) -> int:
    """Put each example where it belongs, and return how many there were, bad rows with them."""
    with Waiting() as waiting:
        for repeated in dedup.decide(sound(found, checks, waiting, rejected)):
            example = waiting.get()
            if repeated is None:
                kept.add(example)
            else:
                rejected.add(example.row() | repetition(repeated[1], kept.row(repeated[0])))
    return len(kept) + rejected.reasons.total()


def sound(found: Iterable[Example | BadRow], checks: Checks, waiting: Waiting, rejected: Rejected) -> Iterator[Example]:
    """Yield the examples against which there is no reason yet, to be decided on, and note them."""
    for record in found:
        if isinstance(record, BadRow):
            rejected.add(record.rejected())
            continue
        example = checks.mended(record)
        if reason := checks.objection(example):
            rejected.add(example.row() | reason)
        else:
            waiting.put(example)
            yield example


def score(folder: Path, count: int, scores: Scores, budget_usd: float | None) -> float:
    """Score what was sifted, in its place, and return what that has cost."""
    from alpaca.llms.ledger import ledger_path, opened

    sifted = folder / SIFTED
    with opened(folder, budget_usd) as ledger:
        scores.forecast(kept_in(sifted), count, ledger)
        with Kept(sifted) as kept, closing(Progress("curate", count, "score")) as progress:
            for example in scores.scored(kept_in(sifted), ledger):
                kept.add(example)
                progress.update(len(kept), lambda: f"${ledger.spent_usd:,.2f} spent")
        if doubt := scores.doubt():
            logger.warning("curate: %s; they are in %s", doubt, ledger_path(folder))
        return ledger.spent_usd


def select(folder: Path, selection: Selection | None, rejected: Rejected) -> Kept:
    """Keep what is selected of what was sifted, and reject the rest."""
    sifted = folder / SIFTED
    taken = selection.selected(kept_in(sifted)) if selection else set()
    with Kept(folder) as kept:
        for number, example in enumerate(kept_in(sifted)):
            if selection is None or number in taken:
                kept.add(example)
            else:
                rejected.add(example.row() | {"reason": selection.reason(example)})
    remove(sifted)
    return kept


def write_formats(folder: Path, formats: Sequence[str]) -> list[str]:
    """Write what was kept in further formats, each under its name, which is returned."""
    if "datasets" in formats:
        from alpaca.doors.folder import write_datasets

        write_datasets(folder / "datasets", kept_in(folder))
    return list(dict.fromkeys(formats))


if __name__ == "__main__":
    launch("curate")
