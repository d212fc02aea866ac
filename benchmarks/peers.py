"""The gradient that other trainers hand the optimizer, before clipping, beside the exact one.

    python -m benchmarks.peers

Exact is the sum of the cross-entropies over all target tokens of the step, divided by the number of those tokens. Each
peer runs one optimizer step of its own over the same examples, and a public hook takes the gradient just before the
optimizer would. The given network is left as it was.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import logging
import math
import tempfile
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import lightning
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, Trainer, TrainerCallback, TrainingArguments

Gradient = dict[str, Tensor]  # by parameter name
Documents = Sequence[tuple[list[int], list[int]]]  # ids, and labels that are -100 where there is no target
Peer = Callable[[PreTrainedModel, Documents, int, int], Gradient]


def gradient_of(network: PreTrainedModel) -> Gradient:
    """Copy the gradient that the parameters hold."""
    return {name: p.grad.detach().clone() for name, p in network.named_parameters() if p.grad is not None}


def exact(network: PreTrainedModel, documents: Documents) -> Gradient:
    """Take one document at a time, in float64."""
    network = copy.deepcopy(network).double()
    targets = sum(label != -100 for _, labels in documents for label in labels[1:])
    for ids, labels in documents:
        logits = network(input_ids=torch.tensor([ids]), use_cache=False).logits[0, :-1]
        summed = torch.nn.functional.cross_entropy(logits, torch.tensor(labels[1:]), reduction="sum")
        (summed / targets).backward()
    return gradient_of(network)


def difference(gradient: Gradient, reference: Gradient) -> float:
    """Return the norm of what is wrong over the norm of what is right."""
    wrong = sum(float((gradient[name] - right).pow(2).sum()) for name, right in reference.items())
    return math.sqrt(wrong / sum(float(right.pow(2).sum()) for right in reference.values()))


def rows(documents: Documents) -> list[dict[str, list[int]]]:
    return [{"input_ids": list(ids), "labels": list(labels)} for ids, labels in documents]


def padded(rows: list[dict[str, list[int]]]) -> dict[str, Tensor]:
    """Pad to the longest on the right."""

    def together(values: list[list[int]], fill: int) -> Tensor:
        return torch.nn.utils.rnn.pad_sequence([torch.tensor(value) for value in values], True, fill)

    return {
        "input_ids": together([row["input_ids"] for row in rows], 0),
        "attention_mask": together([[1] * len(row["input_ids"]) for row in rows], 0),
        "labels": together([row["labels"] for row in rows], -100),
    }


class TakesGradient(TrainerCallback):
    """Takes the gradient where Hugging Face's trainers are about to give it to the optimizer."""

    def __init__(self) -> None:
        self.gradient: Gradient = {}

    def on_pre_optimizer_step(self, *args: Any, model: PreTrainedModel, **kwargs: Any) -> None:
        self.gradient = gradient_of(model)


def settings(folder: str, micro_batch_size: int, accumulation: int) -> dict[str, Any]:
    """Return what one unclipped fp32 step of Hugging Face's trainers on the processor takes."""
    return {
        "output_dir": folder,
        "per_device_train_batch_size": micro_batch_size,
        "gradient_accumulation_steps": accumulation,
        "max_steps": 1,
        "max_grad_norm": 0.0,
        "use_cpu": True,
        "bf16": False,
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def hugging_face(network: PreTrainedModel, documents: Documents, micro_batch_size: int, accumulation: int) -> Gradient:
    """Run Hugging Face's Trainer with padded micro-batches."""
    taken = TakesGradient()
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            model=copy.deepcopy(network),
            args=TrainingArguments(**settings(folder, micro_batch_size, accumulation)),
            train_dataset=rows(documents),
            data_collator=padded,
            callbacks=[taken],
        ).train()
    return taken.gradient


def any_tokenizer() -> Any:
    """Return a tokenizer that only knows how to end and to pad: TRL asks for one even where the ids are given."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokens = Tokenizer(models.WordLevel({"<end>": 0}, unk_token="<end>"))
    return PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<end>", pad_token="<end>")


def trl(
    network: PreTrainedModel, documents: Documents, micro_batch_size: int, accumulation: int, **more: Any
) -> Gradient:
    """Run TRL's SFTTrainer at its defaults but for `more`; packed rows are as long as the longest document."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    taken = TakesGradient()
    longest = max(len(ids) for ids, _ in documents)
    with tempfile.TemporaryDirectory() as folder:
        arguments = settings(folder, micro_batch_size, accumulation) | {"max_length": longest} | more
        SFTTrainer(
            model=copy.deepcopy(network),
            args=SFTConfig(**arguments),
            train_dataset=Dataset.from_list(rows(documents)),
            processing_class=any_tokenizer(),
            callbacks=[taken],
        ).train()
    return taken.gradient


def trl_packed(network: PreTrainedModel, documents: Documents, micro_batch_size: int, accumulation: int) -> Gradient:
    """Pack with TRL's default strategy; fewer rows than documents still make one step."""
    return trl(network, documents, micro_batch_size, accumulation, packing=True)


def trl_wrapped(network: PreTrainedModel, documents: Documents, micro_batch_size: int, accumulation: int) -> Gradient:
    """Pack with TRL's strategy that fills rows without regard to where documents end."""
    return trl(network, documents, micro_batch_size, accumulation, packing=True, packing_strategy="wrapped")


class Automatic(lightning.LightningModule):
    """What Lightning's documentation has people write."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network, self.gradient = network, {}

    def training_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        return self.network(**batch).loss

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        self.gradient = gradient_of(self.network)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def lightning_automatic(
    network: PreTrainedModel, documents: Documents, micro_batch_size: int, accumulation: int
) -> Gradient:
    """Run Lightning's automatic optimization with accumulate_grad_batches."""
    module = Automatic(copy.deepcopy(network))
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_steps=1,
        accumulate_grad_batches=accumulation,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(rows(documents), micro_batch_size, collate_fn=padded))
    return module.gradient


PEERS: dict[str, tuple[Peer, str]] = {
    "Hugging Face Trainer": (hugging_face, "nothing: it counts the targets of the whole step"),
    "TRL SFTTrainer": (trl, "nothing: it counts the targets of the whole step"),
    "TRL, packing (bfd)": (
        trl_packed,
        "no leak, and the targets are counted; but a step takes so many rows, not examples",
    ),
    "TRL, packing (wrapped)": (trl_wrapped, "cuts documents at the ends of rows, and those in a row see each other"),
    "Lightning, automatic": (
        lightning_automatic,
        "a mean of micro-batch means: a target counts more where its micro-batch has few",
    ),
}


def example_step(count: int) -> tuple[PreTrainedModel, Documents]:
    """Return a small network and documents whose prompts and outputs differ much in length."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    network = LlamaForCausalLM(LlamaConfig(vocab_size=512, initializer_range=0.1, **shape))
    documents = []
    for _ in range(count):
        prompt, output = int(torch.randint(8, 40, ())), int(torch.randint(1, 60, ()))
        ids = torch.randint(3, 512, (prompt + output,)).tolist()
        documents.append((ids, [-100] * prompt + ids[prompt:]))
    return network, documents


def quiet() -> None:
    """Leave only the table: the peers report, warn and draw bars."""
    import datasets
    from transformers.utils import logging as transformers_logging

    warnings.simplefilter("ignore")
    datasets.disable_progress_bars()
    transformers_logging.set_verbosity_error()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def compare(network: PreTrainedModel, documents: Documents, micro_batch_size: int) -> Table:
    """Lay out how far each peer's gradient is from the exact one, and what it gets wrong."""
    quiet()
    reference = exact(network, documents)
    made = Table("peer", "off by", "what it gets wrong", title="The same step in other trainers")
    for name, (peer, wrong) in PEERS.items():
        if name.startswith("TRL") and importlib.util.find_spec("trl") is None:
            made.add_row(name, "-", "not measured: pip install trl")
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            off = difference(peer(network, documents, micro_batch_size, len(documents) // micro_batch_size), reference)
        made.add_row(name, f"{off:.1e}", wrong)
    return made


def main() -> None:
    network, documents = example_step(16)
    Console().print(compare(network, documents, 4))


if __name__ == "__main__":
    main()
