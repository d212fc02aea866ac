"""People judge 40 pairs, in a process of its own: `python tests/panel.py FOLDER PORT [NAME ...]`; prints what they said."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from judging import Memory

from alpaca.evaluation.human.judge import Human
from alpaca.evaluation.pairs import Answer, Desk, Pair
from alpaca.log import setup_logging
from alpaca.records import Example

TASKS = 40
HOSTILE = '<script>document.title = "owned"</script>\u202eesrever\x1b[31m <img src=x onerror=alert(1)>'


def pairs() -> list[Pair]:
    """Return tasks of which one tries to act on the page; the candidate's answers say "long", the reference's "short"."""
    examples = [Example(f"Describe the number {number}.", "\tkept\n  as it is" * (number % 2), "") for number in range(TASKS)]
    examples[7] = Example(HOSTILE, HOSTILE, "")
    return [
        Pair(f"task-{number}", each, Answer(f"It is long. {number}\n" * (1 + number % 30)), Answer(f"short {number}"))
        for number, each in enumerate(examples)
    ]


if __name__ == "__main__":
    setup_logging()
    folder, port, *names = sys.argv[1:]
    human = Human(names or 2, None, "127.0.0.1", int(port), 0.2, False)
    judged = human.judgments(pairs(), Desk(Path(folder) / "evaluate", Memory(), 0))
    print(json.dumps([judgment.row() for judgment in judged]))
