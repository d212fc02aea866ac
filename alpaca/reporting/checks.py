"""What qualifies a win rate, in words: one line each, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from alpaca.evaluation.power import ALPHA

FEWEST_DECIDED: Final = 30  # tasks, below which the win rate at equal length is mostly its penalty
Told = Mapping[str, Any]


class Check(NamedTuple):
    name: str
    value: str
    meaning: str


def told_apart(told: Told) -> str:
    """Say in a sentence what the interval of the win rate allows to say."""
    if told.get("strengths"):
        return f"{len(told['strengths']):,} models lie on one scale, {told['strengths'][0]['model']} first"
    if told.get("win_rate") is None:
        return "No judgment is there that could be counted"
    if winner := better(told):
        return f"The {winner} is better: the candidate's win rate is {told['win_rate']:.1%}"
    low, high = told["interval"]
    if low <= 0.5 <= high:
        return f"These {told['tasks']:,} tasks do not tell the two apart"
    return (
        f"These {told['tasks']:,} tasks do not settle which is better: the interval of the win rate excludes 50 %, but the sign "
        f"test of the {told['wins'] + told['losses']:,} decided does not agree ({p_value(told['sign_test'])})"
    )


def better(told: Told) -> str | None:
    """Return whose win rate's interval excludes one half, where the sign test of the decided tasks agrees."""
    (low, high), ahead = told["interval"], told["wins"] - told["losses"]
    if told["sign_test"] >= ALPHA:
        return None
    return "candidate" if low > 0.5 and ahead > 0 else "reference" if high < 0.5 and ahead < 0 else None


def at_equal_length(told: Told) -> Told | None:
    """Return what was measured of length, where the win rate at equal length was and enough tasks are decided to show it."""
    length = told.get("length")
    shown = length and length["win_rate"] is not None and told["wins"] + told["losses"] >= FEWEST_DECIDED
    return length if shown else None


def checks(told: Told) -> list[Check]:
    """Return a line for everything that was measured of the judgments, and for what could not be."""
    if told.get("win_rate") is None:
        return list(_missing(told)) if "missing_reasons" in told else []
    parts = (
        _headline,
        _missing,
        _left_out,
        _length,
        _position,
        _noise,
        _agreement,
        _power,
        _sequential,
        _flags,
        _costs,
    )
    return [check for part in parts for check in part(told)]


def _headline(told: Told) -> Iterator[Check]:
    yield Check("win rate", f"{told['win_rate']:.1%}", f"95 % interval {span(told['interval'])}; a tie is half a win")
    if told["bootstrap_interval"]:
        yield Check(
            "by bootstrap",
            span(told["bootstrap_interval"]),
            "a Bayesian bootstrap over whole tasks, one win and one loss added",
        )
    bad = f", of them both bad {told['both_bad']:,}" if told.get("both_bad") else ""
    counts = f"{told['wins']:,} / {told['ties']:,} / {told['losses']:,}"
    yield Check("wins / ties / losses", counts, f"of {told['tasks']:,} tasks{bad}")
    if told["decided_interval"]:
        share = told["wins"] / (told["wins"] + told["losses"])
        yield Check("wins among decided", f"{share:.1%}", f"exact interval {span(told['decided_interval'])}")
    yield Check("sign test", p_value(told["sign_test"]), "the chance of so uneven a count between equals")


def _missing(told: Told) -> Iterator[Check]:
    reasons = [f"{reason}: {number:,}" for reason, number in told["missing_reasons"].items()]
    yield Check("missing judgments", f"{told['missing']:,}", "; ".join(reasons) or "none failed; none is in a rate")


def _left_out(told: Told) -> Iterator[Check]:
    if told.get("bad_rows"):
        yield Check(
            "bad rows", f"{told['bad_rows']:,}", "rows of the file of tasks that are no tasks; see bad_rows.jsonl"
        )
    if told.get("without_reference"):
        yield Check("tasks left out", f"{told['without_reference']:,}", "they have no `output`, which this judge needs")


def _length(told: Told) -> Iterator[Check]:
    length = told["length"]
    if not length:
        yield Check("length", "not measured", "lengths of the answers are not known")
        return
    means = (
        f"answers have {length['candidate_length']:,.0f} and {length['reference_length']:,.0f} characters in the mean"
    )
    if at_equal_length(told):
        control = (
            "AlpacaEval's minimal length control, shrunk towards 50 % by its penalty, not the leaderboard's LC win rate"
        )
        yield Check("at equal length", f"{length['win_rate']:.1%}", f"{span(length['interval'])}; {control}; {means}")
    else:
        few = "" if length["win_rate"] is None else "too few decided tasks; "
        yield Check("at equal length", "not measured", few + means)


def _position(told: Told) -> Iterator[Check]:
    position = told["position"]
    if not position:
        yield Check(
            "position bias", "not measured", "the orders in which answers were shown are not known, or all the same"
        )
        return
    low, high = (100 * bound for bound in position["interval"])
    meaning = f"{low:+.1f} to {high:+.1f}, {p_value(position['p_value'])}; what being shown first adds to the win rate"
    yield Check("position bias", f"{100 * position['bias']:+.1f} points", meaning)
    yield Check("without that bias", f"{position['win_rate']:.1%}", f"standard error {position['standard_error']:.1%}")
    if position["swapped"]:
        flips = f"{position['for_first']:,} went to the first answer, {position['for_second']:,} to the second"
        share = position["consistent"] / position["swapped"]
        yield Check("same in both orders", f"{share:.1%}", f"of {position['swapped']:,} tasks asked both ways; {flips}")


def _noise(told: Told) -> Iterator[Check]:
    noise = told["noise"]
    if not noise:
        yield Check("judge noise", "not measured", "nothing was judged again in the same order")
        return
    meaning = f"equal verdicts on asking again ({noise['repeated']:,} repeated{_alpha(noise['alpha'])})"
    yield Check("judge noise", f"{noise['agreement']:.1%}", f"{meaning}; {noise['share']:.1%} of the variance is noise")


def _agreement(told: Told) -> Iterator[Check]:
    agreement = told["agreement"]
    if not agreement:
        yield Check("agreement", "not measured", "there is one judge")
        return
    alpha = agreement["krippendorff_alpha"]
    yield Check("agreement", "not defined" if alpha is None else f"{alpha:.3f}", "Krippendorff's alpha over all judges")
    for pair in agreement["pairs"]:
        kappa = "not defined" if pair["cohen_kappa"] is None else f"{pair['cohen_kappa']:.3f}"
        same = "" if pair["agreement"] is None else f", {pair['agreement']:.1%} equal"
        yield Check(
            f"{pair['judges'][0]} and {pair['judges'][1]}", kappa, f"Cohen's kappa, {pair['tasks']:,} tasks{same}"
        )


def _power(told: Told) -> Iterator[Check]:
    detectable = told["detectable"]
    if detectable["win_rate"] is None:
        yield Check("can be detected", "not measured", "nothing varies")
    else:
        share = detectable["decided_share"]
        decided = "" if share is None else f", or {share:.1%} of the decided"
        meaning = f"the win rate{decided} that four in five sets of {told['tasks']:,} tasks like these would find"
        yield Check("can be detected", f"{detectable['win_rate']:.1%}", meaning)


def _sequential(told: Told) -> Iterator[Check]:
    run = told["sequential"]
    if run["settled"]:
        meaning = f"tasks settle it for the {run['settled']}, whenever one looks; {run['saved']:,} more are not needed"
        yield Check("sequential test", f"{run['used']:,} of {run['available']:,}", meaning)
    else:
        yield Check("sequential test", "not settled", f"after {run['used']:,} tasks, {p_value(run['p_value'])}")


def _flags(told: Told) -> Iterator[Check]:
    guards = told.get("guards")
    if guards is not None:
        found = [f"{side}: {flag} {count:,}" for side, flags in guards.items() for flag, count in flags.items()]
        flagged = told["flagged_answers"] + told["reference_flagged_answers"]
        yield Check("guards", f"{flagged:,} flagged" if flagged else "nothing flagged", "; ".join(found))


def _costs(told: Told) -> Iterator[Check]:
    tokens = [f"{told[key]:,} {key.replace('_', ' ')}" for key in told if key.endswith("tokens")]
    if told.get("usd") is not None:
        yield Check("cost", f"${told['usd']:,.2f}", "; ".join(["answers and judgments", *tokens]))


def _alpha(alpha: float | None) -> str:
    return "" if alpha is None else f", alpha {alpha:.3f}"


def span(interval: Sequence[float]) -> str:
    return f"{interval[0]:.1%} to {interval[1]:.1%}"


def p_value(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else f"p = {value:.1e}" if value else "p < 1e-300"
