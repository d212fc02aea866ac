"""What a network can take: positions in a text, and token ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alpaca.errors import UserError
from alpaca.log import logger
from alpaca.processes import rank

LEARNED = ("gpt2", "gpt_bigcode", "gpt_neo", "openai-gpt", "opt", "biogpt")  # positions that a table has, by model_type


def check_positions(settings: Mapping[str, Any], max_length: int) -> None:
    """Warn of texts longer than a network was made for, `settings` being its config.json.

    Raises UserError where it has no positions beyond, as they are learned.
    """
    positions = settings.get("n_positions") or settings.get("max_position_embeddings")
    if positions is None or max_length <= positions:
        return
    what = f"datamodule.max_length={max_length} is more than the {positions} positions of the model"
    if settings.get("model_type") in LEARNED:
        raise UserError(f"{what}, which has no others; give datamodule.max_length={positions} or less")
    if rank() == 0:
        logger.warning("%s; what is longer is trained on, but it may do badly there", what)


def check_ids(settings: Mapping[str, Any], greatest: int, tokenizer: int, where: str) -> None:
    """Warn of a tokenizer of more tokens than a network has embeddings, `settings` being its config.json.

    Raises UserError where the greatest token id of the data has none.
    """
    rows = (settings.get("text_config") or settings).get("vocab_size")
    if rows is None or tokenizer <= rows:
        return
    what = f"the tokenizer of {where} has {tokenizer} tokens, and the model embeddings for {rows}"
    if greatest >= rows:
        raise UserError(f"{what}, but the data has token {greatest}; give a model and a tokenizer that fit each other")
    if rank() == 0:
        logger.warning("%s; the data needs no others, but a text that does will fail, of the trained model too", what)
