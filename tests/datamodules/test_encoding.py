from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import EXAMPLES, texts, tokenizer

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.report import verify
from alpaca.datamodules.tokens import Tokens
from alpaca.errors import UserError
from alpaca.prompts.alpaca import prompt
from alpaca.records import Conversation, Example, Turn

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim"
    " + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
BARE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
UNSTABLE = "{{ messages | length }} {% for message in messages %}{{ message['content'] }}{% endfor %}"


def chat(*turns: str) -> Conversation:
    """Make a conversation of texts "role: content"."""
    return Conversation(tuple(Turn(*turn.split(": ", 1)) for turn in turns), where="chats.jsonl:1")


def words_with(folder: Path, template: str) -> Any:
    words = tokenizer(folder)
    words.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    words.chat_template = template
    return words


def pieces(words: Any, tokens: Tokens, index: int) -> list[tuple[str, bool]]:
    """Return an example as runs of tokens with and without loss."""
    runs: list[tuple[list[int], bool]] = []
    for token, target in zip(tokens.example(index).tolist(), tokens.mask(index).tolist(), strict=True):
        if not runs or runs[-1][1] != target:
            runs.append(([], target))
        runs[-1][0].append(token)
    return [(words.decode(run), target) for run, target in runs]


def same(one: Tokens, other: Tokens) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("ids", "targets", "ends"))


def test_targets_are_the_output_and_eos_and_nothing_else(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    tokens = encode(words, EXAMPLES, 512, "truncate").tokens
    for index, example in enumerate(EXAMPLES):
        ids = tokens.example(index)
        assert ids[0] == words.bos_token_id
        assert ids[-1] == words.eos_token_id
        assert list(ids[1:-1]) == words(texts()[index], add_special_tokens=False)["input_ids"]
        before = prompt(example.instruction, example.input)
        assert pieces(words, tokens, index) == [(f"<s>{before}", False), (f"{example.output}</s>", True)]


def test_the_boundary_is_where_the_offsets_say(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    tokens = encode(words, EXAMPLES, 512, "truncate").tokens
    batch = words(texts(), return_offsets_mapping=True)
    for index, (example, offsets) in enumerate(zip(EXAMPLES, batch["offset_mapping"], strict=True)):
        length = len(prompt(example.instruction, example.input))
        assert tokens.mask(index).argmax() == next(i for i, (_, end) in enumerate(offsets) if end > length)


def test_many_examples_are_tokenized_as_each_alone(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    records = [EXAMPLES[i % 7] if i % 3 else chat("user: Hi", f"assistant: {i}") for i in range(1100)]
    whole = encode(words, records, 60, "truncate")
    alone = [encode(words, [record], 60, "truncate") for record in records]
    assert [bool(len(each.kept)) for each in alone] == np.isin(np.arange(1100), whole.kept).tolist()
    assert np.array_equal(whole.tokens.ids, np.concatenate([each.tokens.ids for each in alone]))
    assert np.array_equal(whole.tokens.targets, np.concatenate([each.tokens.targets for each in alone]))


def test_long_examples_are_truncated_or_dropped_and_counted(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    lengths = encode(words, EXAMPLES, 512, "truncate").tokens.lengths
    longest, limit = int(lengths.max()), int(lengths.max()) - 2
    cut = encode(words, EXAMPLES, limit, "truncate")
    assert cut.tokens.lengths.max() == limit < longest
    assert cut.truncated == sum(lengths > limit)
    dropped = encode(words, EXAMPLES, limit, "drop")
    assert dropped.too_long == sum(lengths > limit)
    assert dropped.kept.tolist() == np.flatnonzero(lengths <= limit).tolist()


def test_an_example_without_target_is_left_out_and_counted(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    encoded = encode(words, [*EXAMPLES, Example("Say nothing.", "", "")], 512, "truncate")
    assert encoded.without_target == 1
    assert encode(words, EXAMPLES, 6, "truncate").without_target == len(EXAMPLES)


CHAT = ["system: Be brief.", "user: Name a colour.", "assistant:  red 🦙", "user: Another?", "assistant: assistant"]


def test_a_chat_in_chatml(tmp_path: Path) -> None:
    words = words_with(tmp_path, CHATML)
    encoded = encode(words, [chat(*CHAT), chat(*CHAT, "user: Thanks")], 512, "truncate")
    for index in (0, 1):
        assert pieces(words, encoded.tokens, index) == [
            (
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nName a colour.<|im_end|>\n<|im_start|>assistant\n",
                False,
            ),
            ("red 🦙<|im_end|>\n", True),
            ("<|im_start|>user\nAnother?<|im_end|>\n<|im_start|>assistant\n", False),
            ("assistant<|im_end|>\n", True),
        ]
    verify(encoded.tokens, words.eos_token_id, 0, conversations=2)


def test_a_chat_in_alpacas_template_is_as_the_example(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    first = prompt("Name a colour.", "")
    encoded = encode(words, [chat(*CHAT[1:]), chat("user: Name a colour.", "assistant: red")], 512, "truncate")
    assert pieces(words, encoded.tokens, 0) == [
        (f"<s>{first}", False),
        (" red 🦙</s>", True),
        (prompt("Another?", ""), False),
        ("assistant</s>", True),
    ]
    example = encode(words, [Example("Name a colour.", "", "red")], 512, "truncate").tokens
    assert encoded.tokens.example(1).tolist() == example.ids.tolist()
    assert encoded.tokens.mask(1).tolist() == example.targets.tolist()


def test_eos_is_added_where_the_template_ends_a_turn_with_nothing(tmp_path: Path) -> None:
    words = words_with(tmp_path, BARE)
    tokens = encode(words, [chat("user: Hi", "assistant: Ho", "user: So?", "assistant: No")], 512, "truncate").tokens
    assert pieces(words, tokens, 0) == [
        ("user: Hi\nassistant: ", False),
        ("Ho\n", True),
        ("user: So?\nassistant: ", False),
        ("No\n</s>", True),
    ]


def test_a_long_chat_is_cut(tmp_path: Path) -> None:
    words = words_with(tmp_path, CHATML)
    whole = encode(words, [chat(*CHAT)], 512, "truncate").tokens
    cut = encode(words, [chat(*CHAT)], int(whole.ends[0]) - 4, "truncate")
    assert cut.truncated == 1
    assert cut.tokens.ids.tolist() == whole.ids[:-4].tolist()
    assert cut.tokens.targets.tolist() == whole.targets[:-4].tolist()


@pytest.mark.parametrize(
    ("template", "turns", "reason"),
    [
        (UNSTABLE, ["user: a", "assistant: b", "user: c", "assistant: d"], "in another way"),
        (None, ["system: a", "user: b", "assistant: c"], "only the roles user and assistant"),
    ],
)
def test_a_chat_that_the_template_does_not_take_is_refused(
    tmp_path: Path, template: str | None, turns: Sequence[str], reason: str
) -> None:
    words = words_with(tmp_path, template) if template else tokenizer(tmp_path)
    encoded = encode(words, [EXAMPLES[0], chat(*turns), EXAMPLES[1]], 512, "truncate")
    assert encoded.kept.tolist() == [0, 2]
    assert reason in encoded.refused[1]
    assert same(encoded.tokens, encode(words, EXAMPLES[:2], 512, "truncate").tokens)


def test_a_tokenizer_without_eos_or_chat_template_is_refused(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    words.chat_template = None
    encode(words, EXAMPLES, 512, "truncate")
    with pytest.raises(UserError, match=r"chats\.jsonl:1 is a chat, and the tokenizer has no chat template"):
        encode(words, [chat("user: a", "assistant: b")], 512, "truncate")
    words.eos_token = None
    with pytest.raises(UserError, match="no EOS"):
        encode(words, EXAMPLES, 512, "truncate")


def test_a_slow_tokenizer_is_refused() -> None:
    from transformers import ByT5Tokenizer

    with pytest.raises(UserError, match=r"ByT5Tokenizer\) is a slow one.*tokenizer\.json"):
        encode(ByT5Tokenizer(), EXAMPLES, 512, "truncate")


@pytest.mark.parametrize(
    ("damage", "message"), [("eos", "1 examples do not end in EOS"), ("end", "not on the end"), ("mask", "no target")]
)
def test_a_mask_that_hides_the_end_is_refused(tmp_path: Path, damage: str, message: str) -> None:
    words = tokenizer(tmp_path)
    tokens = encode(words, EXAMPLES, 512, "truncate").tokens
    verify(tokens, words.eos_token_id, 0)
    if damage == "eos":
        tokens.ids[tokens.ends[2] - 1] = 5
    else:
        tokens.targets[tokens.ends[1] if damage == "mask" else tokens.ends[2] - 1 : tokens.ends[2]] = False
    with pytest.raises(UserError, match=message):
        verify(Tokens(tokens.ids, tokens.targets, tokens.ends), words.eos_token_id, 0)
