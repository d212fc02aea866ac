"""What the model server writes when it is asked for tasks: the replies of `llm=fake`, by the prompt alone."""

from __future__ import annotations

import random
from typing import Any

from alpaca.llms.fake import Fake
from alpaca.llms.price import FREE


def write(body: dict[str, Any]) -> str:
    prompt = body["prompt"] if "prompt" in body else "\n".join(turn["content"] for turn in body["messages"])
    return Fake(3072, 0.05, FREE).answer(prompt, "response_format" in body, random.Random(prompt))
