from __future__ import annotations

import datetime
import re
from importlib.resources import files

import pytest
import yaml

from alpaca.errors import UserError
from alpaca.llms.price import FREE, Price, forecast, most_prompt_tokens
from alpaca.llms.request import Forecast, Reply, Request
from alpaca.records import Turn

OPENAI = "https://api.openai.com/v1"


def test_prices_come_from_the_table_and_are_overridden_and_asked_for() -> None:
    assert Price(None, None).known("gpt-4o-mini", OPENAI) == Price(0.15, 0.60)
    assert Price(None, 9.0).known("gpt-4o-mini", OPENAI) == Price(0.15, 9.0)
    assert Price(1.0, 2.0).known("mine", "http://localhost:8000/v1") == Price(1.0, 2.0)
    for model, url in (("gpt-99", OPENAI), ("gpt-4o-mini", "http://localhost:8000/v1")):
        with pytest.raises(UserError, match="no price is known"):
            Price(None, None).known(model, url)
    assert Price(1.0, 4.0).less(0.5).of(1_000_000, 1_000_000) == 2.5


def test_the_table_says_where_and_when() -> None:
    for entry in yaml.safe_load(files("alpaca.assets").joinpath("prices.yaml").read_text("utf-8")).values():
        assert entry["source"].startswith("https://")
        assert isinstance(entry["date"], datetime.date)
        assert entry["checked"] in (True, False)


def test_a_price_says_where_it_is_from() -> None:
    from_table = r"at \$0.15 and \$9.00 a million tokens, prices.yaml of 20\d\d-\d\d-\d\d, unchecked"
    assert re.fullmatch(from_table, Price(None, 9.0).told("gpt-4o-mini", OPENAI))
    assert Price(0.25, 2.0).told("mine", "http://localhost/v1", 0.5) == "at $0.125 and $1.00 a million tokens"
    assert (
        "$1.00 (at $1.00 and $2.00 a million tokens) and"
        in Forecast(1, 1, 1, 1.0, 1.0, 0, rate="at $1.00 and $2.00 a million tokens").told()
    )


def test_a_prompt_has_no_more_tokens_than_bytes() -> None:
    assert most_prompt_tokens(Request(0, "é🦙")) >= 6
    assert most_prompt_tokens(Request(0, (Turn("user", "a"), Turn("user", "b")), {"a": 1})) > 2 + 2 * 16


def test_a_forecast_rests_on_replies_where_there_are_some() -> None:
    like = [Request(number, "x" * 400) for number in range(4)]
    assumed = forecast(like, [None] * 4, 10, Price(1.0, 1.0), limit=200, at_once=10)
    assert (assumed.prompt_tokens, assumed.completion_tokens, assumed.learned_from) == (1000, 1000, 0)
    replies = [Reply("", "", "stop", "m", 80, tokens, 0.0) for tokens in (30, 50)]
    learned = forecast(like, [*replies, None, None], 10, Price(1.0, 1.0), limit=200, at_once=10)
    assert (learned.prompt_tokens, learned.completion_tokens, learned.learned_from) == (800, 400, 2)
    assert learned.usd == pytest.approx(1200e-6)
    assert forecast(like, replies + [None] * 2, 10, FREE, 200, 1).usd == 0


def test_the_time_is_that_of_the_slowest_limit_and_learned_of_replies() -> None:
    like = [Request(number, "x" * 400) for number in range(2)]
    rates = {"as requests_per_minute=60 allows": 1.0}
    assumed = forecast(like, [None] * 2, 1000, FREE, limit=200, at_once=10)
    assert (assumed.seconds, assumed.speed) == (1000 * 2 / 10, "assumed")
    assert forecast(like, [None] * 2, 5, FREE, limit=200, at_once=10).seconds == 2
    limited = forecast(like, [None] * 2, 1000, FREE, limit=200, at_once=10, rates=rates)
    assert limited.seconds == 1000
    assert limited.told().endswith("0:16:40 (as requests_per_minute=60 allows)")
    replies = [Reply("", "", "stop", "m", 80, 30, 0.0, seconds=seconds) for seconds in (30, 50)]
    learned = forecast(like, replies, 1000, FREE, limit=200, at_once=10, rates=rates)
    assert (learned.seconds, learned.speed) == (4000, "at the speed so far")
