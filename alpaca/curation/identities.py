"""By what somebody can be told from others: numbers of cards, accounts and documents, dates of birth, records.

Checksums are python-stdnum's; numbers without one count behind the name of what they number.
"""

from __future__ import annotations

import re

from alpaca.curation.prose import any_of

CARD = re.compile(r"(?<![\d.,-])(?:\d[ -]?){12,18}\d(?![\d-]|[.,]\d)")
YEARS = re.compile(r"(?:(?:19|20)\d\d\D+)+(?:19|20)\d\d")


def has_card(text: str) -> bool:
    from stdnum import luhn

    found = (found[0].strip() for found in CARD.finditer(text) if not YEARS.fullmatch(found[0]))
    numbers = (re.sub(r"\D", "", written) for written in found)
    return any(number[0] in "23456" for number in numbers if luhn.is_valid(number) and len(set(number)) > 2)


IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")


def has_account(text: str) -> bool:
    from stdnum import iban

    return any(
        iban.is_valid(found[0][:end])
        for found in IBAN.finditer(text)
        for end in (len(found[0]), len(found[0]) - 4, len(found[0]) - 5)
    )


# Numbers of persons that are known by their form alone
FORMS = any_of(
    r"(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}",  # United States
    r"\d{3}\.\d{3}\.\d{3}-\d{2}",  # Brazil
    r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]",  # Italy
    r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d",  # Mexico
    r"[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]",  # United Kingdom
    r"[A-Z]{5}\d{4}[A-Z]",  # India
    r"\d{8}[A-HJ-NP-TV-Z]|[XYZ]\d{7}[A-Z]",  # Spain
    flags=re.NOFLAG,
)
NATIONAL = re.compile(rf"(?<![\w.-])(?:{FORMS.pattern})(?![\w-])")


def has_national_number(text: str) -> bool:
    return bool(NATIONAL.search(text))


NUMBERED = (
    r"(?:(?:(?:bank|checking|savings|credit card|debit card|loan) )?account|routing|sort|passport|(?:driver'?s?'? "
    r"|driving )?licen[cs]e"
    r"|patient|medical record|mrn|tax(?:payer)?|national (?:insurance|identity|id)|social security|ssn|ss"
    r"|insurance|policy|member"
    r"|employee|student|identity|identification|id card|(?:credit |debit )?card|cvv|cvc|swift|bic|vin|medicare"
    r"|licen[cs]e plate)"
)
OF_STATE = (
    r"(?:cpf|cnpj|dni|nie|nif|nin|nino|ni|pesel|bsn|codice fiscale|personnummer|cpr|sin|tfn|nhs|aadhaar|pan|curp"
    r"|rfc|rut|nric|ahv|avs"
    r"|steuer-?id|steuernummer|insee|num[eé]ro de s[eé]curit[eé] sociale|emirates id|mrn|tax id)"
)
OF = r"(?:[ -](?:number|num|no\.?|#|id|code|nr\.?|n[º°]))"
LABELLED = any_of(
    rf"\b{NUMBERED}{OF}*\b[\"'*]*\s*(?:[:#=]|is|was|->"
    rf"|\()\s*(?:number )?[\"'*`]*((?=(?:[\w/-]*\d){{3}})[A-Z0-9][A-Z0-9 ./-]{{2,24}}[A-Z0-9])\b",
    rf"\b{NUMBERED}{OF}+,?\s*(?:of )?((?=(?:[\w-]*\d){{4}})[A-Z0-9][A-Z0-9-]{{4,20}})\b",
    rf"\b{NUMBERED} ((?=(?:[\w-]*\d){{6}})[A-Z0-9][A-Z0-9-]{{5,20}})\b",
    r"\bid(?: number| no\.?| code)?[\"']?\s*(?:[:#=]|is"
    r"|was)\s*[\"']?((?=(?:[\w/-]*\d){5})[A-Z0-9][A-Z0-9/-]{2,24}[A-Z0-9])\b",
    rf"\b{OF_STATE}{OF}?\b[:.]?\s*(?:is )?"
    r"((?=(?:[\w. /-]*\d){5})[A-Z0-9][A-Z0-9./-]*(?: [A-Z0-9]*\d[A-Z0-9]*){0,5})\b",
)
NO_NUMBER = re.compile(r"(?:19|20)\d\d|1234\d*|(\d)\1+")


def has_identity(text: str) -> bool:
    if not re.search(r"\d{3}", text):
        return False
    values = (value.strip() for found in LABELLED.finditer(text) for value in found.groups() if value)
    return any(re.search(r"\d{3}|\d\D\d{2}", value) and not NO_NUMBER.fullmatch(value) for value in values)


MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
DAY = r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})"
WORDED = rf"(?:\d{{1,2}}(?:st|nd|rd|th)? {MONTH} \d{{4}}|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
BIRTH = any_of(
    rf"\b(?:d\.?o\.?b\b\.?|date of birth|birth ?date|birthday)[\"'*]*\s*(?:[:=]|is|was|\()?\s*(?:{DAY}|{WORDED})",
    rf"\bborn(?: on)?\b[\"'*]*\s*(?:[:=]|is|was|\()?\s*{DAY}",
)


def has_birth(text: str) -> bool:
    return bool(BIRTH.search(text))


PERSON = (
    r"(?:patient|employee|customer|client|student|tenant|applicant|account ?holder|policy ?holder|claimant|resident)"
)
RECORD = re.compile(rf"\b(?i:{PERSON})(?: (?i:name))?\s*[:#]?\s*[A-Z][a-z]+ [A-Z][a-z]+\b[^\n]{{0,80}}?[\n,;.|(]")
FACT = any_of(
    r"\b(?:diagnos(?:is|ed)(?: with)?|medication|allerg(?:y|ies|ic)|blood (?:type|group)|prescri\w+|insurance"
    r"|mrn)\b[^\n]{0,3}[:=]?\s*\w",
    r"\bsalary\b\D{0,12}\d|\bID:? ?#?\d{3,}|\b(?:balance|gpa|credit score)\b\D{0,6}\d|\bcard ending (?:in )?\d{4}",
)


def has_record(text: str) -> bool:
    """Tell whether a text names a patient, employee or customer and tells a number of theirs or what ails them."""
    return bool(RECORD.search(text) and FACT.search(text) and re.search(r"\d{3}", text))
