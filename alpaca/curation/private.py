"""The filter of personal data: card, account and telephone numbers, addresses.

Known forms come from libraries: telephone numbers from phonenumbers, checksums from python-stdnum.
Examples of such data (example.com, (555) 123-4567) are none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from alpaca.records import Example

DIGIT = re.compile(r"\d")
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@((?:[a-z0-9-]+\.)+[a-z]{2,24})\b", re.IGNORECASE)
OBSCURED_EMAIL = re.compile(
    r"\b([\w.+-]+)(?:\s*[\[({<]\s*at\s*[\])}>]\s*((?:[\w-]+(?:\.|\s*[\[({<]\s*dot\s*[\])}>]\s*| dot ))+)([a-z]{2,24})|\s+at\s+([\w-]+(?:\s+dot\s+[\w-]+)?)\s+dot\s+(com|org|net|edu|io|co|de|fr|uk|info|me|dev|app))\b",
    re.IGNORECASE,
)
EXAMPLE_DOMAIN = re.compile(
    r"(?:^|\.)(?:example\d?|test|invalid|localhost|e?mail(?!\.ru)|domain|(?:your|my|our|the)?-?(?:company|domain|business|website|organization|store|email)(?:name)?|abc|xyz|acme\w*|sample|website|foo|bar|placeholder)\.[a-z.]+$|\.(?:example|test|invalid|local)$|(?:^|\.)example[\w-]*\.",
    re.IGNORECASE,
)
ROLE = re.compile(
    r"(?:info|support|contact|sales|help|hello|no-?reply|admin\w*|office|service|customer\.?(?:service|support|care)|hr|jobs|careers|press|media|team|feedback|orders?|billing|webmaster|enquir\w+|inquir\w+|your\W?\w*|name|user\w{0,4}|email|example|test\w{0,3}|someone|somebody|x+|foo|first\W?last\w*|firstname\W?lastname|git)\Z",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"(?<![\w.,/=$#-])(?:\+?\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{3})[ .-]?\d{3}[ .-]\d{4}(?![\w-]|[.,]\d)|(?<![\w.,/-])\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?![\w-])"
)
PHONE_LABEL = re.compile(
    r"\b(?:phone|mobile|cell|tel|telephone|fax|whatsapp|call|text|reach|dial|ring|number|contact)\b[^\n]{0,40}?((?:\+|\(|\b)\d[\d\s().-]{5,17}\d)\b",
    re.IGNORECASE,
)
FICTION = re.compile(
    r"^(?:\+?1)?(?:555\d{7}|\d{0,3}?5551234|(\d)\1+|1234567\d*|0123456\d*|800\d{7}|888\d{7}|877\d{7}|1800\d*|\d{3}5551234)$"
)
CARD = re.compile(r"(?<![\d.,-])(?:\d[ -]?){12,18}\d(?![\d-]|[.,]\d)")
SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
IDENTITY = re.compile(
    r"\b(?:(?:bank |checking |savings |credit card |debit card )?account|routing|sort|passport|(?:driver'?s?'? |driving )?licen[cs]e|patient|medical record|mrn|tax(?:payer)?|national (?:insurance|identity|id)|social security|ssn|ss|insurance|policy|member|employee|student|id(?:entity|entification)?(?: card)?|card|credit card|debit card|cvv|cvc|nin|aadhaar|pan|swift|bic|vin|nhs)(?:[ -](?:number|num|no\.?|#|id|code|nr\.?))*\b[\"'*]*\s*(?:[:#=]|is|was|->|\()\s*(?:number )?[\"'*`]*((?=(?:[\w-]*\d){3})[A-Z0-9][A-Z0-9 .-]{2,24}[A-Z0-9])\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"\b(?:account|routing|passport|licen[cs]e|patient|member|policy|insurance|employee|student|card|tax|id|sort|record)\b(?: (?:number|no\.?|nr\.?|#|id|code))+\s*((?=(?:[\w-]*\d){5})[A-Z0-9][A-Z0-9-]{4,20})\b",
    re.IGNORECASE,
)
BIRTH = re.compile(
    r"\b(?:d\.?o\.?b\.?|date of birth|birth ?date|birthday|born(?: on)?)\b[\"'*]*\s*(?:[:=]|is|was|\()?\s*(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})",
    re.IGNORECASE,
)
STREET = re.compile(
    r"\b\d{1,5}[A-Z]? (?:[NSEW]\.? |North |South |East |West )?(?:(?:[A-Z]|\d{1,3}(?:st|nd|rd|th)\b)[\w'’.-]* ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Terrace|Way|Circle|Cir|Parkway|Pkwy|Square|Close|Crescent)\b\.?,?(?:[^\n]{0,40}?\b(?:(?:[A-Z]{2}|[A-Z][a-z]{3,}) \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b)"
)
POSTAL = re.compile(
    r"\b[Pp]\.? ?[Oo]\.? [Bb]ox \d{1,6},? [A-Z][^\n]{0,40}?\b(?:[A-Z]{2}|[A-Z][a-z]+) \d{5}\b|"
    r"\b[A-ZÄÖÜ][\w’.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer) \d{1,4} ?[a-z]?,? \d{5} [A-ZÄÖÜ]|"
    r"\b\d{1,4},? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|allée|quai|impasse) [^\n,]{3,40},? \d{5} [A-Z]|"
    r"\b(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Cc]alle|C/|[Pp]laza|[Aa]venida|[Rr]ua|[Pp]aseo) (?:d[aeo]s? |del |della |de la )?[A-ZÁÉÍÓÚ][^\n,]{2,40},? (?:n\.?º? ?)?\d{1,4}[^\n]{0,12}\b\d{4,5}(?:-\d{3})? [A-Z]"
)
LIVES = re.compile(
    r"\b(?:lives?|resid\w+|home address|address|ship(?:ped|ping)?|mail(?:ed|ing)?|deliver\w*|stay\w*)\b[^.\n]{0,40}?(?::| at| is| to)\s*\d{1,5}[A-Z]? (?:[A-Z][\w'’.-]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Terrace|Way|Circle|Parkway|Square|Close|Crescent)\b"
)
ADDRESS = re.compile(
    r"\b(?:ip|server|host|address|machine|ssh|login|logged|connect\w*|ping)\b[^\n]{0,40}?\b((?:\d{1,3}\.){3}\d{1,3})\b",
    re.IGNORECASE,
)
FAMOUS = re.compile(
    r"\b(?:famous|historical|landmark|white house|10 downing|221b|headquarters|museum|president|biograph\w*|\d{3}0s)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PersonalData:
    """No field holds personal data by which somebody could be reached, paid for or mistaken."""

    def __call__(self, example: Example) -> str | None:
        told = f"{example.instruction} {example.input}"
        for text in (example.instruction, example.input, example.output):
            digits = bool(DIGIT.search(text))
            for kind, holds in KINDS.items():
                if (
                    (digits or holds is _email)
                    and holds(text)
                    and not (kind in ("postal address", "date of birth") and FAMOUS.search(told))
                ):
                    return f"personal data: {kind}"
        return None


def _email(text: str) -> bool:
    if "@" not in text and not re.search(r"\bdot\b|[\[({<]\s*at\s*[\])}>]", text, re.IGNORECASE):
        return False
    found = [found.groups() for found in EMAIL.finditer(text)] + [
        (a, f"{re.sub(r'[^a-z0-9-]*(?:dot)?[^a-z0-9-]*$', '', b.lower()) or c}.{d or e}")
        for a, b, d, c, e in OBSCURED_EMAIL.findall(text)
    ]
    return any(
        not EXAMPLE_DOMAIN.search(domain) and not ROLE.match(name) and "regex" not in text.lower()
        for name, domain in found
    )


def _card(text: str) -> bool:
    from stdnum import luhn

    numbers = (re.sub(r"\D", "", found[0]) for found in CARD.finditer(text))
    return any(n[0] in "3456" or n[:1] == "2" for n in numbers if luhn.is_valid(n) and len(set(n)) > 2)


def _iban(text: str) -> bool:
    from stdnum import iban

    return any(
        iban.is_valid(found[0][:end])
        for found in IBAN.finditer(text)
        for end in (len(found[0]), len(found[0]) - 4, len(found[0]) - 5)
    )


def _phone(text: str) -> bool:
    if not re.search(r"\d\W{0,3}\d\W{0,3}\d", text):
        return False
    import phonenumbers

    for found in (*PHONE.finditer(text), *PHONE_LABEL.finditer(text)):
        written = found[0] if found.re is PHONE else found[1]
        digits = re.sub(r"\D", "", written)
        labelled = re.search(
            r"phone|mobile|cell|tel|call|text|reach|dial|ring|fax|whatsapp",
            text[max(0, found.start() - 40) : found.end()],
            re.IGNORECASE,
        )
        if (
            FICTION.match(digits)
            or not 7 <= len(digits) <= 15
            or re.fullmatch(r"(?:19|20)\d\d\D+(?:19|20)\d\d.*", written.strip())
        ):
            continue
        if len(digits) == 7 and not re.fullmatch(r"\d{3}[-. ]\d{4}", written.strip()):
            continue
        if labelled or re.fullmatch(r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[ .-]\d{4}", written.strip()):
            return True
        if written.startswith("+") and phonenumbers.is_possible_number_string(written, "ZZ"):
            return True
    return False


def _address(text: str) -> bool:
    for found in ADDRESS.findall(text) if re.search(r"\d\.\d{1,3}\.\d", text) else ():
        try:
            if ipaddress.ip_address(found).is_global and found not in ("8.8.8.8", "8.8.4.4", "1.1.1.1"):
                return True
        except ValueError:
            continue
    return False


def _identity(text: str) -> bool:
    return bool(re.search(r"\d{3}", text)) and any(
        re.search(r"\d{3}", value) and not re.fullmatch(r"(?:19|20)\d\d|1234\d*|(\d)\1+", value.strip())
        for value in (*IDENTITY.findall(text), *NUMBERED.findall(text))
    )


KINDS: dict[str, Callable[[str], bool]] = {
    "e-mail address": _email,
    "payment card": _card,
    "social security number": lambda text: bool(SSN.search(text)),
    "bank account": _iban,
    "telephone number": _phone,
    "identity number": _identity,
    "date of birth": lambda text: bool(BIRTH.search(text)),
    "postal address": lambda text: bool(STREET.search(text) or POSTAL.search(text) or LIVES.search(text)),
    "network address": _address,
}
