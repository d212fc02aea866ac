"""Linear equations with one unknown: what an output says the unknown is must solve them."""

from __future__ import annotations

import re
from fractions import Fraction

from alpaca.curation.calculations import agrees, computed
from alpaca.curation.prose import any_of, words
from alpaca.curation.tasks import VALUE, Task, stated_numbers

ASKS = any_of(r"\b(?:solv\w*|find|what|calculate|compute|determine|value|work out|resolve|solution|evaluate)\b")
SIDE = r"[-−+*×·÷/^().²³\d\s]"


def unsolved(task: Task, output: str) -> str | None:
    """Return the root of the one linear equation of a task, where the output states another."""
    found = re.findall(r"([^=\n:?,]+)=([^=\n:?,]+)", task.text)
    unknown = set(re.findall(r"(?<![a-zA-Z])[a-z](?![a-zA-Z])", " ".join(map(" ".join, found)))) - {"a"}
    if len(found) != 1 or len(unknown) != 1 or not ASKS.search(task.text):
        return None
    (name,) = unknown
    left = re.search(rf"(?:{SIDE}|{name})+$", found[0][0].rstrip(" ?.!;"))
    right = re.match(rf"\s*(?:{SIDE}|{name})+", found[0][1])
    if (
        left is None
        or right is None
        or "." in right[0].rstrip(". ")
        or (re.search(r"\w$", found[0][0][: left.start()]) and left[0][0] != " ")
    ):
        return None
    gaps = [_gap(left[0], right[0].rstrip(" ."), name, Fraction(value)) for value in (0, 1, 2)]
    if None in gaps:
        return None
    stated = re.findall(rf"(?<![\w*/^]){name}\s*(?:=|is|equals)\s*({VALUE})(?![\w/.]*[/\w])(?!\s*[-+*/^×÷])", output)
    first, second, third = (gap or Fraction(0) for gap in gaps)
    linear = third - 2 * second + first == 0 and second != first
    if not stated and linear and len(words(output)) < 20 and name not in words(output):
        stated = stated_numbers(output)[-1:]
    if not linear or not stated:
        return None
    solved = -first / (second - first)
    return f"{name} = {solved}" if not any(agrees(solved, value) for value in stated) else None


def _gap(left: str, right: str, name: str, value: Fraction) -> Fraction | None:
    """Return by how much the sides of an equation differ where the unknown has a value."""
    sides = []
    for side in (left, right):
        multiplied = re.sub(rf"(?<=[\d)])\s*(?={name})", "×", side)
        sides.append(computed(re.sub(name, f"({value})", multiplied)))
    return None if sides[0] is None or sides[1] is None else sides[0] - sides[1]
