"""The filter of personal data: by what somebody could be reached, told from others, or paid for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alpaca.curation import contacts, identities
from alpaca.curation.prose import DIGIT, any_of
from alpaca.records import Example

KINDS: dict[str, Callable[[str], bool]] = {
    "e-mail address": contacts.has_email,
    "payment card": identities.has_card,
    "national number": identities.has_national_number,
    "bank account": identities.has_account,
    "telephone number": contacts.has_phone,
    "identity number": identities.has_identity,
    "date of birth": identities.has_birth,
    "postal address": contacts.has_address,
    "network address": contacts.has_host,
    "record of a person": identities.has_record,
}
WELL_KNOWN = ("date of birth", "postal address")  # of public persons and places, and of invented ones
FAMOUS = any_of(
    r"\b(?:famous|historical|landmark|white house|10 downing|221b|headquarters|museum|president|biograph\w*|\d{3}0s)\b",
    r"\b(?:fictional|fictitious|character|imaginary|made-up)\b",
)
LANDMARK = any_of(r"\b(?:white house|10 downing|221b|pennsylvania avenue)\b")


@dataclass(frozen=True)
class PersonalData:
    """No field holds personal data by which somebody could be reached, paid for or mistaken."""

    def __call__(self, example: Example) -> str | None:
        for text in (example.instruction, example.input, example.output):
            kinds = KINDS if DIGIT.search(text) else {"e-mail address": contacts.has_email}
            kind = next((kind for kind, holds in kinds.items() if holds(text)), None)
            if kind and not (kind in WELL_KNOWN and _is_well_known(example, text)):
                return f"personal data: {kind}"
        return None


def _is_well_known(example: Example, text: str) -> bool:
    return bool(FAMOUS.search(f"{example.instruction} {example.input}") or LANDMARK.search(text))
