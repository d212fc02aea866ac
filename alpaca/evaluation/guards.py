"""Flags on answers that earn no trust, whatever the judge says of them.

A judge can be won by an answer that does no task (Zheng et al. 2025, arXiv 2410.07137). So each answer is looked at by itself,
and all of a model's beside each other: empty, the task said again, the same to unlike tasks, words to the judge. Flags change
no judgment; they are counted, told, and stand beside the answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alpaca.curation.refusals import Refusal
from alpaca.evaluation.injection import INVISIBLE, signs
from alpaca.evaluation.pairs import Answer, Pair
from alpaca.log import logger
from alpaca.records import Example

FLAGGED_SHARE: Final = 0.01  # of a model's answers, above which the model is flagged
EMPTY, REFUSED, REPEATS, CONSTANT, INJECTION = "empty", "refused", "repeats the task", "constant", "injection"
BEGINNING, ENDING = "same beginning", "same ending"

UNLIKE: Final = 3  # tasks with other instructions that have a part of an answer too
SHARED: Final = 0.7  # of an answer's parts, that such tasks have too, above which it is constant
SHORT: Final = 6  # words and marks, below which an answer is compared whole
SHORT_SHARE: Final = 0.3  # of tasks that a short answer is given to
EDGE: Final = 12  # words and marks of a beginning or an ending
EDGE_SHARE: Final = 0.05  # of tasks that have the same
REPEATED_WORDS: Final = 3  # more than the task that an answer may have and still repeat it

NOTHING: Final = re.compile(r"\s*(?:([!-/:-@\[-`{-~…])(?:\s|\1)*)?")  # or one mark, however often
WORD: Final = re.compile(r"\w+|[^\w\s]")
Words = tuple[str, ...]


Flags = list[list[str]]  # of each answer, in order


@dataclass(frozen=True)
class Guards:
    """The flags of the answers of both models."""

    candidate: Flags
    reference: Flags

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Guards:
        """Look at all answers, and warn where some are flagged."""
        tasks = [pair.example for pair in pairs]
        found = cls(
            flagged(tasks, [each.candidate for each in pairs]), flagged(tasks, [each.reference for each in pairs])
        )
        for side, flags in vars(found).items():
            if count := _suspicious(flags):
                told = ", ".join(f"{reason} {answers}" for reason, answers in _reasons(flags).items())
                line = "evaluate: %d of %d answers of the %s are flagged (%s); see %s_flags in answers.jsonl"
                logger.warning(line, count, len(pairs), side, told, side)
        return found

    def rows(self) -> list[dict[str, list[str]]]:
        """Return what rows of answers say of flags."""
        both = zip(self.candidate, self.reference, strict=True)
        return [{"candidate_flags": one, "reference_flags": other} for one, other in both]

    def about(self) -> dict[str, Any]:
        """Return counts of answers by reason, and whether the share of flagged ones is above `FLAGGED_SHARE`.

        A refusal is counted, and is no reason for mistrust.
        """
        sides = {"": self.candidate, "reference_": self.reference}
        over = {f"{side}flagged": _suspicious(flags) > FLAGGED_SHARE * len(flags) for side, flags in sides.items()}
        counts = {f"{side}flagged_answers": _suspicious(flags) for side, flags in sides.items()}
        guards = {side: _reasons(flags) for side, flags in vars(self).items()}
        return over | counts | {"flagged_limit": FLAGGED_SHARE, "guards": guards}


def _suspicious(flags: Flags) -> int:
    return sum(any(flag != REFUSED for flag in some) for some in flags)


def _reasons(flags: Flags) -> dict[str, int]:
    """Count the answers that have each kind of flag."""
    return dict(Counter(kind for some in flags for kind in {flag.split(":")[0]: 0 for flag in some}).most_common())


def flagged(tasks: Sequence[Example], answers: Sequence[Answer]) -> Flags:
    """Return the flags of each answer."""
    found = [_alone(task, answer) for task, answer in zip(tasks, answers, strict=True)]
    unsaid = [
        answer.text if not {EMPTY, REFUSED} & {*flags} else "" for answer, flags in zip(answers, found, strict=True)
    ]
    alike = _alike(tasks, [_words(text) for text in unsaid])
    return [[*flags, *more] for flags, more in zip(found, alike, strict=True)]


def _alone(task: Example, answer: Answer) -> list[str]:
    """Return what an answer shows without others."""
    asked = f"{task.instruction}\n{task.input}"
    flags = [EMPTY] if NOTHING.fullmatch(INVISIBLE.sub("", answer.text)) else []
    if answer.finish == "refused" or Refusal()(Example(task.instruction, task.input, answer.text)):
        flags.append(REFUSED)
    if _repeats(_words(answer.text), [_words(task.instruction), _words(asked)]):
        flags.append(REPEATS)
    return flags + [f"{INJECTION}: {sign}" for sign in signs(answer.text, asked)]


def _repeats(said: Words, tasks: Iterable[Words]) -> bool:
    return any(
        len(asked) > SHORT and said[: len(asked)] == asked and len(said) <= len(asked) + REPEATED_WORDS
        for asked in tasks
    )


def _alike(tasks: Sequence[Example], answers: Sequence[Words]) -> Flags:
    """Return which answers are the same, or begin or end the same, for tasks with other instructions.

    What the tasks' own answers have in common does not count.
    """
    instructions, expected = [task.instruction for task in tasks], [_words(task.output) for task in tasks]
    n = len(set(instructions))
    known = {part for words in expected for part in _grams(words)}
    parts = [
        {*_grams(words)} - known - {*_grams(_words(task))} for task, words in zip(instructions, answers, strict=True)
    ]
    shared = _shared(instructions, parts, UNLIKE)
    whole = _shared(instructions, [{words} for words in answers], max(UNLIKE, SHORT_SHARE * n)) - {*expected}
    flags: Flags = [[] for _ in answers]
    for some, words, mine in zip(flags, answers, parts, strict=True):
        mostly = len(words) >= SHORT and len(mine & shared) > SHARED * len(mine)
        some += [CONSTANT] if words and (mostly or words in whole) else []
    for flag, side in ((BEGINNING, slice(EDGE)), (ENDING, slice(-EDGE, None))):
        edges = [{words[side]} - {each[side] for each in expected} if len(words) > EDGE else set() for words in answers]
        common = _shared(instructions, edges, max(UNLIKE, EDGE_SHARE * n))
        for some, edge in zip(flags, edges, strict=True):
            some += [flag] if edge & common else []
    return flags


def _shared(instructions: Sequence[str], parts: Sequence[set[Words]], tasks: float) -> set[Words]:
    """Return the parts that answers to so many instructions have."""
    homes: defaultdict[Words, set[str]] = defaultdict(set)
    for instruction, some in zip(instructions, parts, strict=True):
        for part in some:
            homes[part].add(instruction)
    return {part for part, there in homes.items() if len(there) >= tasks}


def _words(text: str) -> Words:
    """Return words and marks; digits are all the same, so that a number more or less makes no difference."""
    return tuple(WORD.findall(re.sub(r"\d+", "0", text.casefold())))


def _grams(words: Words) -> list[Words]:
    return [words[start : start + 4] for start in range(max(0, len(words) - 3))]
