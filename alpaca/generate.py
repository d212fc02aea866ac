"""Write instruction data: `alpaca generate num_examples=1000`, or `alpaca generate generator=self_instruct llm=openai`.

1. What it is expected to take is told before a language model is asked anything.
2. The generator writes `raw.jsonl`, batch by batch, each example with where it came from, and
   `rejected.jsonl`, with reasons. A language model's replies lie in `generate.ledger.jsonl` beside the folder, and none is asked for twice.
3. A generator whose answers are computed also writes `held_out.jsonl`, tasks of which nothing occurs in `raw.jsonl`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from alpaca.errors import Stopped, UserError
from alpaca.files import write_jsonl, writing_jsonl
from alpaca.generators.batch import LIMIT, Batch, Writer
from alpaca.generators.tally import Speed, Tally
from alpaca.llms.ledger import opened
from alpaca.llms.request import LLM, Forecast
from alpaca.log import logger
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example
from alpaca.schema import Seed
from alpaca.seeds.tasks import Seeds
from alpaca.stage import launch


class Generator(Protocol):
    """Writes examples from seed tasks, and others of the same kinds to test with, if it can."""

    asks_llm: bool

    def batches(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Iterator[Batch]:
        """Yield batches with `count` kept examples in all, or fewer where it must give up."""
        ...

    def forecast(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Forecast | None: ...

    def held_out(self, count: int, seed: int) -> list[Example]: ...


def generate(
    name: str,
    root: Path,
    seed: Seed,
    num_examples: PositiveInt,
    num_held_out: NonNegativeInt,
    with_seeds: bool,
    budget_usd: NonNegativeFloat | None,
    seeds: Seeds,
    generator: Generator,
    llm: LLM | None,
) -> Outcome:
    """Generate `num_examples` examples, after the seed tasks themselves where `with_seeds` says so.

    Raises UserError where none is sound and new, Stopped at the budget.
    """
    if generator.asks_llm and llm is None:
        raise UserError("this generator asks a language model; give llm=openai, or llm=fake to rehearse")
    if llm is not None and not generator.asks_llm:
        raise UserError("this generator asks no language model; leave out llm=, or give generator=self_instruct")
    folder = stage_folder(root, name, "generate")
    tasks = seeds.read()
    if num_held_out and generator.asks_llm:
        logger.info("generate: writes no held_out.jsonl; num_held_out is for generators that compute their answers")
    with _writer(llm, folder, budget_usd) as writer:
        _tell(generator.forecast(tasks, num_examples, seed, writer), num_examples, budget_usd)
        batches = generator.batches(tasks, num_examples, seed, writer)
        tally, families = _write(batches, num_examples, tasks if with_seeds else [], folder, writer)
        spent = (writer.ledger.spent_usd, writer.ledger.paid()) if writer else (0.0, {})
    held_out = generator.held_out(num_held_out, seed)
    if held_out:
        write_jsonl(folder / "held_out.jsonl", (example.row() for example in held_out))
    results = tally.results(*spent) | {"seeds": len(tasks) if with_seeds else 0, "held_out": len(held_out)}
    if families:
        results["families"] = families
    made = ["raw.jsonl", "rejected.jsonl", *(["held_out.jsonl"] if held_out else [])]
    return Outcome(results, [folder / file for file in made])


@contextmanager
def _writer(llm: LLM | None, folder: Path, budget_usd: float | None) -> Iterator[Writer | None]:
    """Open the ledger of a language model, if there is one."""
    if llm is None:
        yield None
        return
    with opened(folder, budget_usd) as ledger:
        yield Writer(llm, ledger)


def _write(
    batches: Iterator[Batch], wanted: int, seeds: list[Example], folder: Path, writer: Writer | None
) -> tuple[Tally, int]:
    """Write the files as batches come; return the tally and the number of families."""
    tally, families = Tally(), set()
    with (
        closing(batches),  # type: ignore[type-var]  # and with it what is in flight is waited for
        closing(Speed(wanted, tally)) as speed,
        writing_jsonl(folder / "raw.jsonl") as keep,
        writing_jsonl(folder / "rejected.jsonl") as reject,
    ):
        for seed in seeds:
            keep(seed.row())
        try:
            for batch in batches:
                for example in batch.kept:
                    keep(example.row())
                    families.update([example.about["family"]] if "family" in example.about else [])
                for row in batch.rejected:
                    reject(row)
                tally.add(batch)
                speed.update(writer.ledger.spent_usd if writer else 0.0)
        except Stopped:
            _tell_stop(tally, wanted)
            raise
        _tell_end(tally, wanted, writer)
    return tally, len(families)


def _tell(forecast: Forecast | None, wanted: int, budget_usd: float | None) -> None:
    """Say what a language model is expected to take, and how far a budget is expected to go."""
    if forecast is None:
        return
    logger.info("generate: expects %s", forecast.told())
    if shortage := forecast.shortage(budget_usd, wanted):
        logger.warning("generate: %s", shortage)


def _limit(writer: Writer | None) -> str:
    """Tell the limit of a reply's tokens, where it is known."""
    limit = writer and writer.llm.settings.get("max_tokens")
    return f", which is {limit}" if limit else ""


def _tell_stop(tally: Tally, wanted: int) -> None:
    hint = f"; num_examples={tally.kept} ends with those that are there" if tally.kept else ""
    logger.info("generate: %s of %s examples; %s%s", f"{tally.kept:,}", f"{wanted:,}", tally.shares(), hint)


def _tell_end(tally: Tally, wanted: int, writer: Writer | None) -> None:
    """Say what became of the replies; raises UserError where nothing of them is kept."""
    if not tally.kept:
        cut = tally.reasons["cut"] * 2 > tally.rejected
        hint = f"raise {LIMIT}{_limit(writer)}" if cut else "see another model, prompt or format"
        raise UserError(f"nothing of {tally.replies} replies is kept ({tally.shares()}); {hint}")
    if tally.kept < wanted:
        logger.warning(
            "generate: gave up at %s of %s examples, as replies brought nothing new (%s); where most were cut raise %s, where "
            "most are duplicates give other seeds or a higher temperature",
            f"{tally.kept:,}",
            f"{wanted:,}",
            tally.shares(),
            LIMIT,
        )


if __name__ == "__main__":
    launch("generate")
