"""Write instruction data whose answers are computed, and so are right by construction.

Each family of tasks is a row of `FAMILIES`: a name, a function that draws one task, and several phrasings of the
instruction, which stand with the word lists in `words.json`. A draw is a `Draw(input, output, values)`; the values fill
the braces of the phrasing. Which split a draw belongs to is decided by the hash of its content, whatever the seed or
the phrasing: what is held out never occurs in training.

Small models learn from this in minutes because the positions of what they must copy vary little: most lists have a
fixed length, and each item stands on a line of its own.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from alpaca.generators.batch import Batch, Writer
from alpaca.records import Example

Split = Literal["train", "held_out"]

HELD_OUT_SHARE = 10  # one draw in ten is held out
PLACES = {"first": 0, "second": 1, "third": 2, "last": -1}
MARKS = {"a semicolon": ";", "a slash": "/", "a plus sign": "+", "a hyphen": "-"}
UNITS = (
    ("metres", "centimetres", "00"),
    ("kilometres", "metres", "000"),
    ("centimetres", "millimetres", "0"),
    ("kilograms", "grams", "000"),
    ("litres", "millilitres", "000"),
)
PEOPLE = (
    "{name} works as a {job} in {city}.",
    "In {city} there is a {job} called {name}.",
    "The {job} {name} has moved to {city}.",
)
CONTACTS = (
    "{name} lives in {city} and answers to <{email}> on weekdays.",
    "Please write to <{email}> if you want to visit {name} in {city}.",
    "The office in {city} gave us <{email}> for {name}.",
)
FORMS = ("to={name};item={thing};paid=yes", "item={thing}/owner={name}", "from:{name}+thing:{thing}")


@dataclass(frozen=True)
class Draw:
    """One task without its wording: the text it works on, its answer, and the values that the instruction names."""

    input: str
    output: str
    values: dict[str, str]


@dataclass(frozen=True)
class Family:
    name: str
    draw: Callable[[random.Random], Draw]
    phrasings: tuple[str, ...]


@cache
def assets() -> dict[str, Any]:
    """The word lists by name, the members of each category, and the phrasings of each family."""
    content: dict[str, Any] = json.loads(files("alpaca.assets").joinpath("words.json").read_text("utf-8"))
    return content


def words(name: str) -> list[str]:
    listed: list[str] = assets()[name]
    return listed


def categories() -> dict[str, list[str]]:
    members: dict[str, list[str]] = assets()["categories"]
    return members


def things(rng: random.Random, least: int, most: int) -> list[str]:
    return rng.sample([word for members in categories().values() for word in members], rng.randint(least, most))


def lines(items: Iterable[object]) -> str:
    return "\n".join(map(str, items))


def row(items: Iterable[str]) -> str:
    return " ".join(items)


def quoted(text: str) -> str:
    return f'"{text}"'


def full_name(rng: random.Random) -> str:
    return f"{rng.choice(words('first_names'))} {rng.choice(words('last_names'))}"


def append(rng: random.Random) -> Draw:
    *items, new = things(rng, 4, 4)
    return Draw(lines(items), lines([*items, new]), {"word": quoted(new)})


def prepend(rng: random.Random) -> Draw:
    new, *items = things(rng, 4, 4)
    return Draw(lines(items), lines([new, *items]), {"word": quoted(new)})


def join(rng: random.Random) -> Draw:
    items = things(rng, 3, 3)
    name = rng.choice(list(MARKS))
    return Draw(lines(items), MARKS[name].join(items), {"mark": name})


def quote(rng: random.Random) -> Draw:
    items = things(rng, 3, 3)
    return Draw(lines(items), lines(map(quoted, items)), {})


def item_at(rng: random.Random) -> Draw:
    items = things(rng, 4, 4)
    place = rng.choice(list(PLACES))
    return Draw(lines(items), items[PLACES[place]], {"place": place})


def reverse(rng: random.Random) -> Draw:
    items = things(rng, 3, 3)
    return Draw(lines(items), lines(items[::-1]), {})


def count(rng: random.Random) -> Draw:
    items = things(rng, 2, 6)
    return Draw(lines(items), str(len(items)), {})


def largest(rng: random.Random) -> Draw:
    numbers = rng.sample(range(10, 100), rng.randint(2, 3))
    return Draw(lines(numbers), str(max(numbers)), {})


def spell_digits(rng: random.Random) -> Draw:
    digits = rng.sample(range(10), 4)
    return Draw("", row(words("digits")[digit] for digit in digits), {"digits": "".join(map(str, digits))})


def smaller_unit(rng: random.Random) -> Draw:
    large, small, zeros = rng.choice(UNITS)
    amount = rng.randint(2, 999)
    return Draw("", f"{amount}{zeros} {small}", {"amount": f"{amount} {large}", "unit": small})


def long_date(rng: random.Random) -> Draw:
    year, month, day = rng.randint(1900, 2099), rng.randint(1, 12), rng.randint(1, 28)
    return Draw(f"{year}-{month:02}-{day:02}", f"{day:02} {words('months')[month - 1]} {year}", {})


def slash_date(rng: random.Random) -> Draw:
    year, month, day = rng.randint(1900, 2099), rng.randint(1, 12), rng.randint(1, 28)
    return Draw(f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", {})


def twelve_hours(rng: random.Random) -> Draw:
    hour, rest = rng.randint(0, 23), f"{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    answer = f"{(hour - 1) % 12 + 1}:{rest} {'AM' if hour < 12 else 'PM'}"
    return Draw("", answer, {"time": f"{hour:02}:{rest}"})


def email(rng: random.Random) -> Draw:
    name, city = full_name(rng), rng.choice(words("cities"))
    address = f"{name.lower().replace(' ', '.')}@{rng.choice(words('domains'))}"
    return Draw(rng.choice(CONTACTS).format(name=name, city=city, email=address), address, {})


def person(rng: random.Random) -> Draw:
    facts = {"city": rng.choice(words("cities")), "job": rng.choice(words("jobs"))}
    asked = rng.choice(list(facts))
    return Draw(rng.choice(PEOPLE).format(name=full_name(rng), **facts), facts[asked], {"fact": asked})


def sentiment(rng: random.Random) -> Draw:
    mood = rng.choice(["good", "bad"])
    first, second = rng.sample(words(mood), 2)
    thing, other = rng.sample(words("reviewed"), 2)
    text = f"The {thing} was {first} and the {other} was {second}."
    return Draw(text, "Positive" if mood == "good" else "Negative", {})


def category(rng: random.Random) -> Draw:
    name, members = rng.choice(list(categories().items()))
    return Draw(lines(rng.sample(members, rng.randint(3, 5))), name.capitalize(), {})


def record(rng: random.Random) -> Draw:
    """Look up one field of a record."""
    fields = {"name": rng.choice(words("first_names")), "city": rng.choice(words("cities"))}
    fields["item"], fields["job"] = things(rng, 1, 1)[0], rng.choice(words("jobs"))
    asked = rng.choice(list(fields))
    return Draw(lines(f"{key}:{value}" for key, value in fields.items()), fields[asked], {"key": asked})


def as_json(rng: random.Random) -> Draw:
    name, city = rng.choice(words("first_names")), rng.choice(words("cities"))
    age = rng.randint(18, 90)
    return Draw(f"{name}\n{age}\n{city}", json.dumps({"name": name, "age": age, "city": city}), {})


def initials(rng: random.Random) -> Draw:
    names = [*rng.sample(words("first_names"), 2), rng.choice(words("last_names"))]
    return Draw("", "".join(f"{name[0]}." for name in names), {"name": quoted(row(names))})


def fill_in(rng: random.Random) -> Draw:
    name, thing = rng.choice(words("first_names")), things(rng, 1, 1)[0]
    form = rng.choice(FORMS)
    values = {"name": quoted(name), "thing": quoted(thing)}
    return Draw(form.format(name="[name]", thing="[thing]"), form.format(name=name, thing=thing), values)


def letter(rng: random.Random) -> Draw:
    to, sender = rng.sample(words("first_names"), 2)
    gift = things(rng, 1, 1)[0]
    values = {"to": quoted(to), "sender": quoted(sender), "gift": quoted(gift)}
    return Draw("", f"Dear {to},\nThank you for the {gift}.\n{sender}", values)


def repeat(rng: random.Random) -> Draw:
    (first, second), times = things(rng, 2, 2), rng.randint(2, 4)
    pair = f"{first}-{second}"
    return Draw("", lines([pair] * times), {"pair": quoted(pair), "times": words("digits")[times]})


DRAWS = (
    append,
    prepend,
    join,
    quote,
    item_at,
    reverse,
    count,
    largest,
    spell_digits,
    smaller_unit,
    long_date,
    slash_date,
    twelve_hours,
    email,
    person,
    sentiment,
    category,
    record,
    as_json,
    initials,
    fill_in,
    letter,
    repeat,
)
FAMILIES = tuple(Family(draw.__name__, draw, tuple(assets()["instructions"][draw.__name__])) for draw in DRAWS)


def split_of(family: Family, draw: Draw) -> Split:
    """Assign a draw to a split by its content alone, so that no seed can move it to the other one."""
    content = json.dumps([family.name, draw.input, draw.values], sort_keys=True)
    return "held_out" if hashlib.sha256(content.encode()).digest()[0] % HELD_OUT_SHARE == 0 else "train"


def tasks(seed: int, split: Split) -> Iterator[dict[str, str]]:
    """Yield examples without end, the families in turn; the same seed gives the same examples."""
    rng = random.Random(f"{split}-{seed}")
    while True:
        for family in FAMILIES:
            draw = family.draw(rng)
            while split_of(family, draw) != split:
                draw = family.draw(rng)
            instruction = rng.choice(family.phrasings).format(**draw.values)
            yield {"instruction": instruction, "input": draw.input, "output": draw.output, "family": family.name}


class Procedural:
    """Examples of all families, in turn; the seed tasks play no part in them."""

    asks_llm = False

    def batches(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Iterator[Batch]:
        yield Batch(_examples(seed, "train", count))

    def forecast(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> None:
        """Return none: it costs nothing."""

    def held_out(self, count: int, seed: int) -> list[Example]:
        return _examples(seed, "held_out", count)


def _examples(seed: int, split: Split, count: int) -> list[Example]:
    return [
        Example(task["instruction"], task["input"], task["output"], {"family": task["family"]})
        for task in itertools.islice(tasks(seed, split), count)
    ]
