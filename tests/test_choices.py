from __future__ import annotations

import pytest

from alpaca.composition import compose
from alpaca.errors import UserError
from alpaca.help import help_text


@pytest.mark.parametrize(
    ("stage", "override", "message"),
    [
        ("curate", "decontamination.files=[b.jsonl]", "`files` belongs to decontamination=against"),
        ("curate", "~filters.cut_off", "`cut_off` belongs to filters=clean"),
        ("curate", "filters.nosuch.least=3", "unknown key `nosuch` in filters; known are "),
        ("evaluate", "candidate.base_url=x", "`base_url` belongs to candidate=openai or candidate=openai_batch"),
        ("curate", "dedup=null", "`dedup=null` chooses no option of dedup; did you mean `dedup=none`?"),
        ("curate", "dedup=", "`dedup=` chooses no option of dedup; did you mean `dedup=none`?"),
        ("train", "model=null", "`model=null` chooses no option of model; its options are hub, "),
    ],
)
def test_what_is_no_key_or_choice_here_is_told_where_it_is_one(stage: str, override: str, message: str) -> None:
    with pytest.raises(UserError) as told:
        compose(stage, [override])
    assert str(told.value).startswith(message)
    assert "defaults" not in str(told.value)


def test_help_lists_the_experiments_that_have_settings_for_the_stage() -> None:
    assert "alpaca_7b " in help_text("train", "", [])
    assert "alpaca_7b " in help_text("plan", "", [])
    assert "alpaca_7b " not in help_text("curate", "", [])
    assert "   quickstart " in help_text("curate", "", [])
