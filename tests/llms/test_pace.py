from __future__ import annotations

from dataclasses import dataclass

import pytest

from alpaca.llms.pace import Pace


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_more_in_flight_than_there_are_places() -> None:
    pace = Pace(2, None, None, Clock())
    assert pace.wait() == 0
    pace.sent(1)
    pace.sent(1)
    assert pace.wait() is None
    pace.replied()
    assert pace.wait() == 0


@pytest.mark.parametrize(("requests", "tokens", "expected"), [(60, None, 60), (None, 6000, 60), (600, 3000, 30)])
def test_rates_of_requests_and_tokens_are_kept_in_every_minute(
    requests: float | None, tokens: float | None, expected: int
) -> None:
    clock = Clock()
    pace, sent = Pace(1000, requests, tokens, clock), []
    while clock.now < 280:
        wait = pace.wait()
        assert wait is not None
        if wait > 0:
            clock.now += wait
            continue
        pace.sent(100)
        pace.replied()
        sent.append(clock.now)
    for start in range(100, 220):
        assert abs(sum(start <= moment < start + 60 for moment in sent) - expected) <= 1


def test_it_falls_at_once_and_rises_slowly() -> None:
    clock = Clock()
    pace = Pace(100, None, None, clock)
    sent = [pace.sent(1) for _ in range(100)]
    for moment in sent[:40]:
        pace.refused(moment, 5.0)
    for _ in sent[40:]:
        pace.replied()
    assert 60 < pace.places < 65
    for _ in range(100):
        pace.sent(1)
        pace.replied()
    assert 66 < pace.places < 70


def test_a_flight_that_is_refused_makes_all_wait_as_long_as_the_server_asks() -> None:
    clock = Clock()
    pace = Pace(10, None, None, clock)
    for moment in [pace.sent(1) for _ in range(10)]:
        pace.refused(moment, 7.0)
    assert pace.wait() == 7.0
    assert pace.places > 4  # those that were sent before the pause count once
    clock.now += 7.0
    assert pace.wait() == 0
    pace.refused(pace.sent(1), 0.0)
    assert pace.wait() == 2.0  # twice the first pause, since nothing was answered in between


def test_some_refusals_among_many_replies_are_no_reason_to_pause() -> None:
    clock = Clock()
    pace = Pace(100, None, None, clock)
    for _ in range(50):  # that are on their way all the time
        pace.sent(1)
    for number in range(2000):
        moment = pace.sent(1)
        if number % 20 == 19:
            pace.refused(moment, 1.0)
        else:
            pace.replied()
        assert pace.wait() == 0
    assert pace.places > 95
