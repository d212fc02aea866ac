"""First tokens that documents share, such as a template's preamble, found in the tokens themselves.

In a packed row a document can stand behind tokens that it shares with others, which are then computed once a row. That is exact
as long as no target is among them, nor the token that predicts the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from alpaca.datamodules.tokens import Piece, Tokens

LEAST = 8  # tokens that are worth to be shared


def shared_tokens(tokens: Tokens, rows: int) -> np.ndarray:
    """Return how many of its first tokens each example should share, (examples,): those that most examples together save.

    A group of examples with the same first tokens is worth their number times what they have in common, less one copy for
    each of `rows` rows of an epoch; a group splits where its parts, with longer beginnings, are worth more.
    """
    starts = tokens.ends - tokens.lengths
    found = np.zeros(len(starts), np.int64)
    limits = _before_targets(tokens)

    def save(members: np.ndarray, depth: int) -> int:
        """Choose for examples that have `depth` first tokens in common; return how many tokens that saves."""
        while True:
            going_on = members[limits[members] > depth]
            following, places = np.unique(tokens.ids[starts[going_on] + depth], return_inverse=True)
            if len(going_on) < len(members) or len(following) != 1:
                break
            depth += 1
        counts = np.bincount(places, minlength=len(following))
        parts = [going_on[places == part] for part in np.flatnonzero(counts > rows)]
        rest = np.setdiff1d(members, np.concatenate(parts)) if parts else members
        worth = depth if depth >= LEAST else 0
        left = max(0, len(rest) - rows) * worth
        apart = left + sum(save(part, depth + 1) for part in parts)
        together = max(0, len(members) - rows) * worth
        if together >= apart:
            found[members] = worth if together else 0
        else:
            found[rest] = worth if left else 0
        return max(together, apart)

    save(np.arange(len(starts)), 0)
    return found


def _before_targets(tokens: Tokens) -> np.ndarray:
    """Count the tokens of each example that come before the one that predicts its first target, (examples,)."""
    places = np.flatnonzero(tokens.targets)
    first = np.searchsorted(places, tokens.ends - tokens.lengths)
    ends = np.append(places, len(tokens.targets))[first]
    before: np.ndarray = np.minimum(ends, tokens.ends) - (tokens.ends - tokens.lengths) - 1
    return before


def behind_prefixes(tokens: Tokens, members: Sequence[int] | np.ndarray, shared: np.ndarray) -> list[Piece]:
    """Return examples as documents of a row, those that share their first tokens behind one copy of these.

    `shared` (examples,) tells how many. What is alone with its first tokens keeps them.
    """

    def beginning(index: int) -> bytes:
        return tokens.example(index)[: shared[index]].tobytes()

    pieces: list[Piece] = []
    for common, group in groupby(sorted(map(int, members), key=beginning), key=beginning):
        examples = list(group)
        count, prefix = (int(shared[examples[0]]), len(pieces)) if common and len(examples) > 1 else (0, -1)
        if count:
            pieces.append(Piece(tokens.example(examples[0])[:count], np.zeros(count, bool)))
        pieces += [Piece(tokens.example(i)[count:], tokens.mask(i)[count:], prefix, count) for i in examples]
    return pieces
