"""By what somebody can be reached: e-mail addresses, telephone numbers, postal and network addresses.

Telephone numbers are checked by phonenumbers. What is made for examples (example.com, (555) 123-4567) is nobody's.
"""

from __future__ import annotations

import ipaddress
import re

from alpaca.curation.prose import any_of, has_any

EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@((?:[a-z0-9-]+\.)+[a-z]{2,24})\b", re.IGNORECASE)
AT = r"\s*[\[({<]\s*at\s*[\])}>]\s*"
DOT = r"(?:\.|\s*[\[({<]\s*dot\s*[\])}>]\s*| dot )"
OBSCURED = any_of(
    rf"\b(?P<name>[\w.+-]+)(?:{AT}|\s+(?-i:AT)\s+)(?P<domain>(?:[\w-]+{DOT})+[a-z]{{2,24}})\b",
    r"\b(?P<who>[\w.+-]+)\s+at\s+(?P<where>[\w-]+(?:\s+dot\s+[\w-]+)?\s+dot\s+(?:com|org|net|edu|io|co|de|fr|uk"
    r"|info|me|dev|app))\b",
)
EXAMPLE_DOMAIN = any_of(
    r"(?:^|\.)(?:example\d?|test|invalid|localhost|e?mail(?!\.ru)|domain|abc|xyz|acme\w*|sample|website|foo|bar"
    r"|placeholder)\.[a-z.]+$",
    r"(?:^|\.)(?:your|my|our|the)?-?(?:company|domain|business|website|organization|store|email)(?:name)?\.[a-z.]+$",
    r"\.(?:example|test|invalid|local)$|(?:^|\.)example[\w-]*\.",
)
ROLE = re.compile(
    r"(?:info|support|contact|sales|help|hello|no-?reply|admin\w*|office|service|customer\.?(?:service|support"
    r"|care)|hr|jobs"
    r"|careers|press|media|team|feedback|orders?|billing|webmaster|enquir\w+|inquir\w+|alerts?|newsletter"
    r"|notifications?"
    r"|your\W?\w*|name|user\w{0,4}|email|example|test\w{0,3}|someone|somebody|x+|foo|first\W?last\w*"
    r"|firstname\W?lastname|git)\Z",
    re.IGNORECASE,
)


def has_email(text: str) -> bool:
    if not has_any(text, ("@", " dot ", " DOT ", "dot]", "dot)", "[at", "(at", "{at", "<at", " at)", " at]", " AT ")):
        return False
    found = [found.groups() for found in EMAIL.finditer(text)]
    for hidden in OBSCURED.finditer(text):
        domain = re.sub(r"\W*(?:\bdot\b)?\W+", ".", (hidden["domain"] or hidden["where"]).lower())
        found.append((hidden["name"] or hidden["who"], domain))
    return any(not EXAMPLE_DOMAIN.search(domain) and not ROLE.match(name) for name, domain in found) and (
        "regex" not in text.lower()
    )


PHONE = any_of(
    r"(?<![\w.,/=$#-])(?:\+?\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{3})[ .-]?\d{3}[ .-]\d{4}(?![\w-]|[.,]\d)",
    r"(?<![\w.,/-])\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?![\w-])",
)
AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[ .-]\d{4}")
CALLED = (
    r"(?:(?:tele)?phone|mobile|mobil|cell(?:ular|phone)?|tel|telefon|t[eé]l[eé]phone|tel[eé]fono|telefone|handy"
    r"|fax|whatsapp|sms|cel|m[oó]vil"
    r"|call(?:ed|ing)?|text(?:ed|ing)?|reach(?:ed)?|dial|ring|(?:my|his|her|their|our|your) number"
    r"|emergency contact|landline)"
)
LABELLED = re.compile(rf"\b{CALLED}\b[^\n]{{0,40}}?((?:\+|\(|\b)\d[\d\s()./-]{{5,17}}\d)\b", re.IGNORECASE)
AFTER = re.compile(
    r"((?:\+|\(|\b)\d[\d ()./-]{6,17}\d) (?:is|was) (?:my|his|her|their|our|the) (?:\w+ ){0,2}(?:phone|mobile|cell"
    r"|number|whatsapp)",
    re.IGNORECASE,
)
WRITTEN = re.compile(r"(?<![\w.,/=$#+-])(?:\(0?\d{2,4}\)|0\d{1,4})[ /-](?:\d{2,4}[ -]?){1,4}\d{2,4}(?![\w-]|[.,/]\d)")
REGIONS = ("GB", "DE", "FR", "ES", "IT", "NL", "AU", "IN", "BR", "JP", "SE", "PL")
FICTION = re.compile(
    r"^(?:\+?1)?(?:555\d{7}|\d{0,3}?5551234|(\d)\1+|1234567\d*|0123456\d*|8(?:00|88|77|66)\d{7}|1800\d*|1300\d{6})$"
)
NO_PHONE = re.compile(r"(?:19|20)\d\d\D+(?:19|20)\d\d.*|\d{5}-\d{4}")  # years, a postcode


def has_phone(text: str) -> bool:
    if not re.search(r"\d\W{0,3}\d\W{0,3}\d", text):
        return False
    told = (found[1] for pattern in (LABELLED, AFTER) for found in pattern.finditer(text))
    if any(_is_number(written) and _is_grouped(written) for written in told):
        return True
    import phonenumbers

    for written in (found[0] for found in PHONE.finditer(text) if _is_number(found[0])):
        possible = written.startswith("+") and phonenumbers.is_possible_number_string(written, "ZZ")
        if possible or AMERICAN.fullmatch(written.strip()):
            return True
    return any(_is_national(found[0]) for found in WRITTEN.finditer(text) if _is_number(found[0]))


def _is_number(written: str) -> bool:
    digits = re.sub(r"\D", "", written)
    return 7 <= len(digits) <= 15 and not FICTION.match(digits) and not NO_PHONE.fullmatch(written.strip())


def _is_grouped(written: str) -> bool:
    """Tell whether what follows a label is a number of seven digits in two groups, or longer."""
    digits = re.sub(r"\D", "", written)
    return len(digits) > 8 or bool(re.fullmatch(r"\d{3}[-. ]\d{4}|\d{2,4}[-/ ][\d ]+", written.strip()))


def _is_national(written: str) -> bool:
    """Tell whether a number is valid, as written without a country's code, in one of some countries."""
    import phonenumbers

    for region in REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


KIND_OF_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Terrace|Way|Circle|Cir"
    r"|Parkway|Pkwy"
    r"|Square|Close|Crescent)"
)
ROAD = (
    r"\b\d{1,5}[A-Z]? (?:[NSEW]\.? |North |South |East |West )?"
    rf"(?:(?:[A-Z]|\d{{1,3}}(?:st|nd|rd|th)\b)[\w'’.-]* ){{1,3}}{KIND_OF_STREET}\b"
)
CODE = (
    r"(?:(?:[A-Z]{2}|[A-Z][a-z]{3,}) \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{2} [A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) \d{4})"
)
CAPITAL = "[A-ZÀ-ÖØ-ÞŁŚŻŹČŠŽ]"
ADDRESSES = any_of(
    rf"{ROAD}\.?,?[^\n]{{0,40}}?\b{CODE}\b",
    r"\b[Pp]\.? ?[Oo]\.? [Bb]ox \d{1,6},? [A-Z][^\n]{0,40}?\b(?:[A-Z]{2}|[A-Z][a-z]+) \d{5}\b",
    # a street and its number, then the postcode and the town
    rf"\b{CAPITAL}[\w.'’-]*(?: [\w.'’-]+){{0,3}} \d{{1,4}} ?[a-z]?(?:/\d+)?(?:, [\wº ]{{1,8}})?,? "
    rf"(?:[A-Z]{{1,2}}-)?\d{{2,5}}(?:-\d{{3}})?(?: [A-Z]{{2}})? {CAPITAL}[a-zß-ž]+",
    rf"\b\d{{1,4}},? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|allée|quai"
    rf"|impasse) [^\n,]{{3,40}},? \d{{5}} {CAPITAL}",
    r"\b(?:lives?|resid\w+|home address|address|ship(?:ped|ping)?|mail(?:ed|ing)?|deliver\w*"
    r"|stay\w*)\b[^.\n]{0,40}?(?::| at| is| to)\s*"
    rf"(?:(?:Flat|Apt|Unit) \w+, )?\d{{1,5}}[A-Z]? (?:[A-Z][\w'’.-]+ ){{1,3}}{KIND_OF_STREET}\b",
    flags=re.NOFLAG,
)


def has_address(text: str) -> bool:
    return bool(ADDRESSES.search(text))


HOST = re.compile(
    r"\b(?:ip|server|host|address|machine|ssh|login|logged|connect\w*|ping)\b[^\n]{0,40}?\b((?:\d{1,3}\.){3}\d{1,3})\b",
    re.IGNORECASE,
)


def has_host(text: str) -> bool:
    for found in HOST.findall(text) if re.search(r"\d\.\d{1,3}\.\d", text) else ():
        try:
            if ipaddress.ip_address(found).is_global and found not in ("8.8.8.8", "8.8.4.4", "1.1.1.1"):
                return True
        except ValueError:
            continue
    return False
