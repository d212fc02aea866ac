"""The filter of secrets: keys, tokens, passwords.

The forms of well-known services come from detect-secrets; any other long token is told by how random its letters are.
Placeholders (YOUR_API_KEY, ****) are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import log2

from alpaca.curation.endings import vocabulary
from alpaca.curation.prose import DIGIT, any_of, has_any, is_code
from alpaca.records import Example

DETECTORS = re.findall(
    r"(\w+)\.(\w+)",
    "artifactory.ArtifactoryDetector aws.AWSKeyDetector azure_storage_key.AzureStorageKeyDetector "
    "discord.DiscordBotTokenDetector github_token.GitHubTokenDetector gitlab_token.GitLabTokenDetector "
    "jwt.JwtTokenDetector "
    "mailchimp.MailchimpDetector npm.NpmDetector openai.OpenAIDetector private_key.PrivateKeyDetector "
    "pypi_token.PypiTokenDetector sendgrid.SendGridDetector slack.SlackDetector square_oauth.SquareOAuthDetector "
    "stripe.StripeDetector telegram_token.TelegramBotTokenDetector twilio.TwilioKeyDetector "
    "basic_auth.BasicAuthDetector",
)
PREFIXED = any_of(
    r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{16,}",
    r"\bAIza[\w-]{20,}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,}",
    r"\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{15,}|\bhf_[A-Za-z0-9]{20,}",
    r"\bxox[abprse]-[\w-]{10,}|hooks\.slack\.com/services/\w+/\w+/\w{12,}",
    r"\b(?:AKIA|ASIA|AGPA|AROA|ANPA)[A-Z0-9]{12,}|\bSG\.[\w-]{15,}\.[\w-]{15,}",
    r"\bnpm_\w{30,}|\bpypi-[\w-]{30,}|\bshp(?:at|ss|ca)_\w{20,}|\bEAAC?\w{30,}|\bdop_v1_\w{30,}|\bkey-[0-9a-f]{32}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,}\.[\w-]{8,}|\b\d{8,10}:AA[\w-]{30,}",
    flags=re.NOFLAG,
)
OWNER = (
    r"(?:api|access|secret|auth|private|client|encryption|signing|license|account|storage|consumer|bearer|session"
    r"|security|"
    r"recovery|service|webhook|aws|openai|stripe|github|google|azure|slack|db|database|master|ssh|jwt)"
)
LABELLED = re.compile(
    rf"(?<![a-z])(?:{OWNER}[ _-]*)*(?:keys?|tokens?|secret|credentials?|bearer)[\"'`]?(?: \w+){{0,2}}?"
    r"\s*(?:[:=]|is|was|->|→|to|:=)\s*[\"'`<]?([^\s\"'`<>,]{12,})",
    re.IGNORECASE,
)
BEARER = re.compile(r"\b(?:[Bb]earer|Basic|[Tt]oken|[Kk]ey)\s+([A-Za-z0-9+/_.=~-]{20,})")
LONG = re.compile(r"(?<![\w@-])[A-Za-z0-9_+=/.-]{20,}(?![\w@-])")
HEX = re.compile(r"[0-9a-f-]+")  # hashes and commits are as long, and no secret unless something says so
ADDRESS = re.compile(r"https?://[^\s@]+(?![^\s]*@)")
OF_KEYS = any_of(r"key|token|secret|auth|credential|api\b")
PHRASE = re.compile(
    r"\b(?:seed|recovery|mnemonic|backup|wallet)\b[^.\n]{0,40}?(?:phrase|words?"
    r"|seed)\b[^.\n]{0,20}?[:=]\s*[\"']?(?:[a-z]{3,8}[ ,]+){11,}",
    re.IGNORECASE,
)
CONNECTION = re.compile(r"\b[a-z][a-z0-9+]{2,20}://[^\s:/@]{0,40}:([^\s:/@]{3,})@[\w.-]+", re.IGNORECASE)
NO_SECRET = any_of(
    r"your|example|sample|placeholder|xxx|\*\*\*|\.\.\.|<|insert|changeme|redacted|dummy",
    r"my[_-]?(?:api|secret|key|token|password)|_key$|_token$|(?-i:^[A-Z_]+$)",
    r"^(?:required|incorrect|correct|invalid|valid|secure|strong|weak|hidden|stored|hashed|encrypted|protected"
    r"|expired)\b",
    r"^(?:important|never|always|not|used|also|something|forgotten|wrong|reset|none|null|true|false|string|getpass"
    r"|input)\b",
    r"^(?:request|self|user|process|config|os)\b",
)
ASKS_PASSWORD = any_of(
    r"\b(?:pass ?words?|passphrases?|passcodes?|tokens?|(?:api|secret|private|public|encryption|access) keys?"
    r"|pins?|uuids?)\b",
    r"\b(?:hash\w*|encrypt\w*|credentials?)\b",
)
# What a task is about in which long random texts are natural
ASKS_RANDOM = any_of(
    r"\b(?:random|hash\w*|en(?:crypt|cod)\w*|de(?:crypt|cod)\w*|cipher\w*|base ?64|uuids?|sha\d*|md5|strings?"
    r"|checksum\w*|id)\b"
)

PASS = r"(?:pass ?words?|passcode|pwd|pw|pass ?phrase|passwd|requirepass)"
PASSWORD = re.compile(
    r"(?<![a-z])(?:pass ?words?|pass ?phrase|passwd|passcode|pwd|pass|pin(?: code| number)?|login|psk|wi-?fi key"
    r"|(?:door|gate|alarm|access|entry|security|unlock|safe|garage)(?:way)? code)[\"'`]?"
    r"(?: (?:for|to|of|on) (?:[\w@.'’-]+ ){0,4}?| \w+ | )?\s*"
    r"(?:[:=]+|\bis\b|\bwas\b|\bto\b|→|->|(?:has been |have been |been )?(?:(?:re)?set|changed|updated) to"
    r"|\bas\b)(?: now| set to| currently|:)*\s*"
    r"[*\"'`“‘(]{0,3}([^\s\"'`”’<>(){}\[\],]{4,40})",
    re.IGNORECASE,
)
MIXED = r"((?=\S*\d)(?=\S*[A-Za-z])"
WITHOUT_VERB = any_of(
    rf"\b(?:user(?:name)?|log ?in|account)\b[^.\n]{{0,40}}?\bpassword {MIXED}[^\s\"'()]{{6,40}})",
    rf"\b{PASS}\s+{MIXED}(?=\S*[^\w\s.,;:\"'()]|[a-z]{{4,}}\d{{3}}|(?-i:\w*[A-Z]\w*[a-z]\w*\d))[^\s\"'()]{{6,40}})",
    rf"(?:\s-u|\s--user)[ =]?[\"']?[\w.@-]+:{MIXED}[^\s\"'()]{{6,40}})"
    rf"|(?<![\w/])[\w.-]+:{MIXED}[^\s:/@]{{6,40}})@[\w-]+\.\w",
    rf"\b{PASS}\s*[,:]?\s*[\"'`“‘]([^\"'`”’\s]{{4,40}})[\"'`”’]",
)
OPTION = re.compile(  # of a command, an element of XML, a statement of SQL
    r"(?:\s-p(?=[\"'\w])|\s--?(?:pw|pass|password)[ =]|\bIDENTIFIED BY "
    r"|<password>)[\"']?((?=[^\s\"'<]*\d)(?=[^\s\"'<]*[a-z])(?!-)[^\s\"'<>/:$]{6,40})",
    re.IGNORECASE,
)
CREDENTIALS = re.compile(
    r"\b(?:login|log in|sign in|username|user|credentials?)\b[^.\n]{0,40}?[:=]?\s*[\w.@-]{3,}\s*(?:/|:|and|,|;"
    r"|\|)\s*(?:password |pass |pw )?"
    r"[\"'`]?((?=\S*\d)(?=\S*[A-Za-z])(?=\S*[!@#$%^&*?]|\w{4,}\d{3})[^\s\"'`,]{6,})",
    re.IGNORECASE,
)
# Lines in which a token that looks like a password is one
SIGNING_IN = any_of(
    r"\b(?:log(?:ged|ging)? ?(?:in|on)|login|sign(?:ed)? ?in|credentials?|auth\w*|ssh\w*|s?ftp|mysql\w*|mysqli\w*"
    r"|psql|ldap\w*|smtp\w*|vpn)\b",
    r"_connect\b|\b(?:connect\w*|admin|root|router|wi-?fi|username|account|remote desktop|rdp|telnet)\b",
)
GIVEN = (  # what a text says a password is, and what it must hold to be searched for that
    (PASSWORD, ("pass", "pwd", "pin", "login", "psk", "fi key", "fi-key", "fikey", " code")),
    (WITHOUT_VERB, ("pass", "pwd", "pw", " -u", "--user", "@")),
    (OPTION, (" -p", "pass", "pw", "identified")),
)
SIGNS_IN = ("login", "log in", "sign in", "user", "credential")
AS_EXAMPLE = any_of(r"\b(?:weak|strong|example|avoid|such as|e\.g\.|common|instead of)\b")
PIECE = re.compile(r"[^\s\"'`“”‘’,()<>\[\]{}|\\=/;]+")
QUOTED = re.compile(r"[\"'`]([^\"'`\s]{8,40})[\"'`]")
NO_PASSWORD = any_of(
    r"@[\w-]+\.[a-z]{2,}|://|^[$%][\w]+$|%[A-Za-z][-:/%]|^#?[0-9a-f]{6}$|^\W*\d[\d.,:%$-]*[a-z]{0,3}\W*$"
    r"|^\w+\.[a-z]\w{0,3}\W?$|[a-z]-z|0-9"
)


@cache
def detectors() -> tuple[Callable[[str], Iterator[str]], ...]:
    """Load detect-secrets' plugins of known keys on first use."""
    from importlib import import_module

    return tuple(
        getattr(import_module(f"detect_secrets.plugins.{module}"), kind)().analyze_string for module, kind in DETECTORS
    )


def randomness(text: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits a character."""
    return -sum(text.count(c) / len(text) * log2(text.count(c) / len(text)) for c in set(text)) if text else 0.0


def is_random(token: str) -> bool:
    """Tell whether letters and digits are mixed as no word or name mixes them."""
    run = re.sub(r"[^A-Za-z0-9]", "", token)
    if len(run) < 16 or randomness(run) < 3.2 or _in_words(token) > 0.35 * len(run):
        return False
    changes = len(re.findall(r"[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])", run))
    if DIGIT.search(run):
        return changes >= 0.25 * len(run) and bool(re.search(r"[A-Za-z]", run))
    return changes >= 0.35 * len(run) and len(run) < 3.2 * len(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", run))


def _in_words(token: str) -> int:
    """Return how many letters of an identifier such as `getUserName` are in words."""
    known, _ = vocabulary()
    return sum(
        len(part) for part in re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}", token) if part.lower() in known and len(part) > 2
    )


def is_password(token: str) -> bool:
    """Tell whether letters, digits and signs, or both cases and digits in turn, make a token like no word."""
    token = token.rstrip(".:")
    if not 8 <= len(token) <= 40 or NO_PASSWORD.search(token) or NO_SECRET.search(token) or not DIGIT.search(token):
        return False
    letters = re.search(r"[A-Za-z]", token)
    signs = re.search(r"[!@#$%^&*?~+]", token)
    changes = len(re.findall(r"[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])", token))
    return bool(letters and (signs or (changes > 3 and re.search("[a-z]", token) and re.search("[A-Z]", token))))


@dataclass(frozen=True)
class Secrets:
    """No field holds a key, token or password that could be somebody's."""

    def __call__(self, example: Example) -> str | None:
        for text in (example.instruction, example.input, example.output):
            if _may_hold_key(text) and (kind := _key(text)):
                return f"secret: {kind}"
            if _token(text) and not ASKS_RANDOM.search(example.instruction):
                return "secret: token"
            if _has_password(text) and not _asks_password(example.instruction):
                return "secret: password"
        return None


def _asks_password(instruction: str) -> bool:
    return bool(ASKS_PASSWORD.search(PASSWORD.sub(" ", WITHOUT_VERB.sub(" ", instruction))))


def _may_hold_key(text: str) -> bool:
    if has_any(text, ("PRIVATE KEY", "://", "phrase", "seed")):
        return True
    return any(len(word) > 10 and (len(word) > 20 or DIGIT.search(word)) for word in text.split())


def _token(text: str) -> bool:
    """Tell whether a token stands among words that is random, and more than a hash."""
    found = (token.rstrip(".") for token in LONG.findall(ADDRESS.sub(" ", text)))
    return any(
        is_random(token) and not NO_SECRET.search(token) and (not HEX.fullmatch(token) or OF_KEYS.search(text))
        for token in found
        if token != text.strip() and all(len(part) > 5 for part in token.split("/"))
    )


def _key(text: str) -> str | None:
    for line in filter(_may_hold_key, text.split("\n")):
        found = PREFIXED.search(line)
        if (found and not NO_SECRET.search(found[0])) or any(
            not NO_SECRET.search(hit) for detect in detectors() for hit in detect(line)
        ):
            return "key"
        if any(_is_value(value) for value in (*LABELLED.findall(line), *BEARER.findall(line))):
            return "key"
        placeholder = r"^(?:pass\w*|pwd|<|\$|\{|your|xxx)"
        if any(not re.search(placeholder, value, re.IGNORECASE) for value in CONNECTION.findall(line)):
            return "password in an address"
    return "recovery phrase" if PHRASE.search(text) else None


def _is_value(value: str) -> bool:
    """Tell whether what follows "key:" or "token is" could be one, and no expression of a program."""
    if NO_SECRET.search(value) or "://" in value:
        return False
    if re.search(r"[()\[\]{}$;|\\]", value) and len(set(re.findall(r"[^\w\s]", value))) < 4:
        return False
    return bool(DIGIT.search(value) and re.search(r"[A-Za-z]", value) and randomness(value) > 2.8) or is_random(value)


def _has_password(text: str) -> bool:
    low = text.lower()
    if not (DIGIT.search(text) or "pass" in low):
        return False
    text = ADDRESS.sub(" ", text) if "://" in text else text
    for pattern, hints in GIVEN:
        if has_any(low, hints) and any(_is_given("".join(found)) for found in pattern.findall(text)):
            return True
    return bool(has_any(low, SIGNS_IN) and CREDENTIALS.search(text)) or _signs_in(text)


def _is_given(value: str) -> bool:
    """Tell whether what a text says a password is can be one."""
    value = value.rstrip(".!?;:)*")
    if re.fullmatch(r"(?:my|new|old|secret)?_?pass(?:w[o0]rd|wd)?_?\d*", value, re.IGNORECASE):
        return False
    mixed = re.search(r"\d|[a-z][A-Z]\w*[a-z][A-Z]", value) or re.search(r"\w[^\w\s'’.-]", value)
    real = mixed and len(value) > 3 and not NO_SECRET.search(value) and not re.fullmatch(r"\d+(?:-?[a-z]+)?", value)
    return bool(real or re.fullmatch(r"\d{4,8}", value))


def _signs_in(text: str) -> bool:
    """Tell whether a line about signing in holds a token like a password; in code only quoted ones."""
    for line in text.split("\n"):
        if any(is_password(token) for token in PIECE.findall(line) if DIGIT.search(token)):
            quoted = "(" in line or is_code(text)
            tokens = QUOTED.findall(line) if quoted else PIECE.findall(line)
            if SIGNING_IN.search(line) and not AS_EXAMPLE.search(line) and any(map(is_password, tokens)):
                return True
    return False
