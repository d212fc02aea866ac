"""Secrets and personal data in many forms, and what looks like them."""

from __future__ import annotations

import random
import string

import pytest

from alpaca.curation.private import PersonalData
from alpaca.curation.secrets import Secrets, is_password, is_random
from alpaca.records import Example

TASK = "Rewrite the message politely."
ALPHABET = string.ascii_letters + string.digits


def letters(count: int, seed: int, alphabet: str = ALPHABET) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


@pytest.mark.parametrize("prefix", ["sk-", "hf_", "gsk_", "lin_api_", "hvs.", "secret_", "whsec_", "figd_", ""])
@pytest.mark.parametrize(
    "said", ["Use {} to call it.", "api_key = '{}'", "curl -H 'X-Key: {}' https://a.io", "I pasted {} here."]
)
def test_tokens_of_any_service(prefix: str, said: str) -> None:
    for seed in range(5):
        assert Secrets()(Example(TASK, "", said.format(prefix + letters(40, seed))))


@pytest.mark.parametrize(
    "word", ["AutoModelForCausalLM.from_pretrained", "super_long_variable_name_2_for_test_3", "getUserNameFromDatabase"]
)
def test_identifiers_are_not_random(word: str) -> None:
    assert not is_random(word)


@pytest.mark.parametrize(
    "said",
    [
        "My password is {}.",
        "mysql -h db.corp -u anna -p'{}' orders",
        "$conn = mysqli_connect('10.2.14.7', 'root', '{}', 'shop');",
        "Here is the login for the server 10.2.14.7: anna / {}. Don't break anything.",
        "postgres://anna:{}@db.corp.org/x",
        "curl -u anna:{} https://api.corp.org",
        "ALTER USER anna IDENTIFIED BY '{}';",
        "Your new password has been set to {}.",
        'DB_PASSWORD = "{}"',
    ],
)
def test_passwords_where_a_text_speaks_of_signing_in(said: str) -> None:
    for password in ("Tiger#4905UTV", "Monkey.359?", "8O2NoYoT9jjI"):
        assert Secrets()(Example(TASK, "", said.format(password))), password


@pytest.mark.parametrize(
    "text",
    [
        "Your password should be at least 8 characters long.",
        "api_key = os.environ['API_KEY']",
        'password="password123"',
        "Log in to https://example.com/login?id=2345.",
        "The MD5 of hello is 5d41402abc4b2a76b9719d911017c592.",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "rnbqkbnr/pp1ppppp/8/2p5/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq - 1 2",
        "admin@123 is a weak password.",
        "DNA: ATGCGTACGTTAGCATCGATCGTACGATCG",
        "The user logged in at 10:30am on 2021-05-04T10:00:00Z.",
    ],
)
def test_what_looks_like_a_secret(text: str) -> None:
    assert Secrets()(Example("Explain how it works.", "", text)) is None


def test_words_are_no_passwords() -> None:
    assert not any(map(is_password, ("2021-05-04", "$1,000.00", "%Y-%m-%d", "#FF5733", "[a-zA-Z0-9._%+-]", "a@b.org")))


@pytest.mark.parametrize(
    "text",
    [
        "Tel.: 0171/2345678",
        "Téléphone : 06 12 34 56 78",
        "Her mobile is 07911 123456.",
        "(11) 98765-4321 is my WhatsApp.",
        "jane AT gmail DOT com",
        "Keizersgracht 123, 1015 CJ Amsterdam",
        "221 Queen Street West, Toronto, ON M5V 2A1",
        "CPF: 529.982.247-25",
        "codice fiscale RSSMRA85T10A562S",
        "PESEL 44051401359",
        "He gives the passport number, X26878571, to the agent.",
        "Driver's license D1234567",
        "Date of birth: 14 March 1985",
        "Employee: Anna Kowalski, ID 48213, salary $84,500, performance: poor",
    ],
)
def test_personal_data(text: str) -> None:
    assert PersonalData()(Example(TASK, text, "Done."))


@pytest.mark.parametrize(
    "text",
    [
        "In 1969-1970 the price was 1,000,000 dollars.",
        "Between them were the 2010 2014 2018 2022 cups.",
        "The White House is at 1600 Pennsylvania Avenue NW, Washington, DC 20500.",
        "Redistribute it at epa.gov by searching for it.",
        "Sender: alerts@info6.citi.com",
        "User(id=123, name='John Doe')",
        "Albert Einstein was born on March 14, 1879.",
        "The ISBN is 978-3-16-148410-0.",
        "Call 1-800-273-8255 or 911.",
        "Boston, MA 02110-1301 USA",
    ],
)
def test_what_looks_like_personal_data(text: str) -> None:
    assert PersonalData()(Example("Explain it.", text, "Done.")) is None
