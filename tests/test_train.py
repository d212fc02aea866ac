from __future__ import annotations

import csv
import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from small import SMALL

from alpaca.callbacks.checkpoint import Checkpoint
from alpaca.datamodules.packed import Packed
from alpaca.errors import Stopped, UserError
from alpaca.files import read_json, sha256, write_json
from alpaca.loggers.csv import CSV
from alpaca.manifest import Outcome
from alpaca.models.pretrained import Pretrained
from alpaca.modules.sft import SFT
from alpaca.schedulers.cosine import cosine
from alpaca.strategies.exact import Exact
from alpaca.strategies.single import Single
from alpaca.train import Model, train
from alpaca.trainers.lightning import Accelerator, Precision, configure, has_bf16

GOLDEN = Path(__file__).parent / "golden_losses.txt"
MODULE = functools.partial(SFT, gradient_clip=1.0, loss="plain", attention="auto", compile=False, fp8=False)
SINGLE = functools.partial(Single, "none")


class KilledAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == self.step:
            raise Stopped("test")


def trained(
    data: Path,
    root: Path,
    callbacks: dict[str, Callback] | None = None,
    lr: float = 3e-3,
    model: Model = SMALL,
    precision: Precision = "32-true",
    module: Callable[..., SFT] = MODULE,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    strategy: Callable[..., Exact] = SINGLE,
    validation_share: float = 0.0,
    accelerator: Accelerator = "cpu",
    logger: dict[str, Logger] | None = None,
) -> Outcome:
    return train(
        name="run",
        root=root,
        seed=0,
        data=data,
        epochs=2,
        model=model,
        datamodule=functools.partial(
            Packed,
            global_batch_size=32,
            max_length=256,
            long_examples="truncate",
            weights=None,
            validation_share=validation_share,
            cache=root / "cache",
            tokens_per_micro_batch=1024,
            fill_rows=False,
            shared_prefix=False,
        ),
        module=module,
        optimizer=optimizer or functools.partial(torch.optim.AdamW, lr=lr, fused=True),
        scheduler=functools.partial(cosine, 0.03),
        strategy=strategy,
        trainer=configure(accelerator, 1, 1, precision, threads=None),
        callbacks={
            "checkpoint": Checkpoint(
                root / "run" / "train" / "checkpoints", every_n_steps=3, keep=1, keep_best=True, asynchronous=True
            )
        }
        | (callbacks or {}),
        logger=logger or {},
    )


def losses(root: Path) -> list[float]:
    with (root / "run" / "train" / "metrics.csv").open(encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def whole(tasks_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    trained(tasks_file, root)
    return root


def test_the_loss_curve_is_the_golden_one(whole: Path) -> None:
    """After a change that is meant to alter the curve: write the new one into the file, and say why in the commit."""
    golden = [float(line) for line in GOLDEN.read_text("utf-8").split()]
    assert losses(whole) == pytest.approx(golden, rel=1e-3)


@pytest.mark.parametrize("step", [1, 3, 4, 13, 14])
def test_a_killed_run_ends_in_the_same_weights(tasks_file: Path, tmp_path: Path, whole: Path, step: int) -> None:
    with pytest.raises(Stopped):
        trained(tasks_file, tmp_path, {"killed": KilledAt(step)})
    trained(tasks_file, tmp_path)
    for folder in ("model", "base"):
        assert sha256(tmp_path / "run" / "train" / folder) == sha256(whole / "run" / "train" / folder)
    assert losses(tmp_path) == losses(whole)


def test_the_model_folder_is_hugging_faces(whole: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = whole / "run" / "train" / "model"
    network, words = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = words.apply_chat_template([{"role": "user", "content": "Say hi"}], return_tensors="pt", return_dict=False)
    assert words.decode(ids[0]).startswith("<s>Below is an instruction")
    out = network.generate(ids, max_new_tokens=4, do_sample=False, pad_token_id=words.eos_token_id)
    assert out.shape[0] == 1
    assert network.generation_config.eos_token_id == words.eos_token_id
    assert not list(folder.glob("*.bin"))


def test_a_pretrained_folder_is_fine_tuned_with_its_own_tokenizer(
    tasks_file: Path, tmp_path: Path, whole: Path
) -> None:
    from transformers import AutoTokenizer

    base = tmp_path / "base"
    shutil.copytree(whole / "run" / "train" / "model", base)
    words = AutoTokenizer.from_pretrained(base)
    words.pad_token = words.eos_token  # as many models have it; packing pads nothing, so it hides no EOS
    words.save_pretrained(base)
    outcome = trained(tasks_file, tmp_path, model=Pretrained(str(base)), lr=1e-3)
    assert outcome.results["final_loss"] < outcome.results["first_loss"] < losses(whole)[0] - 0.2
    report = read_json(tmp_path / "run" / "train" / "data_report.json")
    assert report["supervised_eos"] == report["examples"] == 200
    assert not (tmp_path / "run" / "train" / "base").exists()


@pytest.mark.skipif(not has_bf16("cpu"), reason="this processor has no bf16")
def test_weights_may_be_bf16(tasks_file: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    outcome = trained(tasks_file, tmp_path, precision="bf16-true")
    assert outcome.results["final_loss"] < outcome.results["first_loss"]
    first = torch.tensor(outcome.results["first_loss"])
    assert first != first.bfloat16().float()  # the loss is summed, and told, in fp32
    with safe_open(tmp_path / "run" / "train" / "model" / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.bfloat16}  # noqa: SIM118


def test_a_gradient_that_is_not_finite_ends_the_run(tasks_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finite at step [12]; lower optimizer\.lr$"):
        trained(tasks_file, tmp_path, lr=1e30)


def test_weights_that_are_not_finite_are_at_fault_themselves(tasks_file: Path, tmp_path: Path, whole: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = tmp_path / "base"
    shutil.copytree(whole / "run" / "train" / "model", base)
    tensors = load_file(base / "model.safetensors")
    tensors["model.norm.weight"] *= float("nan")
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        UserError, match=rf"not finite at step 0, before any change: the weights in {base} are at fault"
    ):
        trained(tasks_file, tmp_path, model=Pretrained(str(base)))


class Remembering(CSV):
    def log_hyperparams(self, params: dict[str, Any], *_: Any, **__: Any) -> None:
        self.params = params


def test_loggers_get_the_configuration(tasks_file: Path, tmp_path: Path) -> None:
    logger = Remembering(tmp_path / "logged")
    write_json(tmp_path / "run" / "train" / "started.json", {"config": {"seed": 0, "optimizer": {"lr": 1e30}}})
    with pytest.raises(UserError, match="not finite"):
        trained(tasks_file, tmp_path, lr=1e30, logger={"mine": logger})
    assert logger.params == {"seed": 0, "optimizer": {"lr": 1e30}}


def test_what_the_hardware_has_not_is_refused() -> None:
    with pytest.raises(UserError, match=r"trainer\.devices=64"):
        configure("cpu", 64, 1, "32-true", threads=None)
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match=r"trainer\.accelerator=cuda"):
            configure("cuda", 1, 1, "32-true", threads=None)
