"""What `alpaca plan` foretells beside what `alpaca train` takes: `python benchmarks/plan.py [CASE ...]`.

Each case is planned, and then trained for two steps on processors; the peak of resident memory of its largest process
(getrusage) is compared with the plan's. Takes some minutes on two cores that are free.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

LARGEST_ERROR = 0.15
LONGEST_SECONDS = 5.0
STEPS = 2
EXAMPLES = 4000
VOCABULARY = 48_000
NARROW = "model.hidden_size=512 model.intermediate_size=1408 model.num_attention_heads=8 model.num_hidden_layers=4"
LONG = f"{NARROW} datamodule.tokens_per_micro_batch=4096 datamodule.global_batch_size=150"
WIDE = "model.hidden_size=1024 model.intermediate_size=2816 model.num_attention_heads=16 model.num_hidden_layers=6"
SHORT = f"{WIDE} datamodule.tokens_per_micro_batch=512 datamodule.global_batch_size=8"
MANY = "model=hub model.path=wide_vocabulary datamodule.tokens_per_micro_batch=8192 datamodule.global_batch_size=300"
CASES = {
    "quickstart": "experiment=quickstart",
    "activations": LONG,
    "activations, bf16": f"{LONG} trainer.precision=bf16-true",
    "activations, recomputed": f"{LONG} strategy.activation_checkpointing=full",
    "activations, some recomputed": f"{LONG} strategy.activation_checkpointing=selective",
    "weights": SHORT,
    "weights, bf16": f"{SHORT} trainer.precision=bf16-true",
    "weights, layerwise": f"{SHORT} strategy=layerwise strategy.gradients=again",
    "weights, lora": f"{SHORT} module=lora",
    "weights, ddp": f"{SHORT} strategy=ddp trainer.devices=2",
    "weights, fsdp": f"{SHORT} strategy=fsdp trainer.devices=2",
    "weights, zero3": f"{SHORT} strategy=deepspeed_zero3 trainer.devices=2",
    "vocabulary": MANY,
    "vocabulary, fused": f"{MANY} module.loss=fused",
}


def main(names: Sequence[str]) -> None:
    """Print a row a case; leave with 1 where a plan is too far off or too slow."""
    table = Table("case", "predicted MiB", "measured MiB", "error", "plan s", "at")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _alpaca("generate", f"num_examples={EXAMPLES}")
        for name, overrides in CASES.items():
            if not names or name in names:
                row, within = measure(name, overrides.split())
                table.add_row(*row)
                print(*row, sep="\t", flush=True)
                good &= within
    Console().print(table)
    sys.exit(not good)


def measure(name: str, overrides: list[str]) -> tuple[list[str], bool]:
    """Plan and train one case; return its row, and whether the plan was near enough and fast enough."""
    run = name.replace(", ", "-").replace(" ", "-")
    size = next((int(o.split("=")[1]) for o in overrides if o.startswith("datamodule.global_batch_size")), 16)
    rows = Path("outputs/default/generate/raw.jsonl").read_text("utf-8").splitlines(keepends=True)
    Path(f"{run}.jsonl").write_text("".join(rows[: STEPS * size]), "utf-8")
    if "model=hub" in overrides and not Path("wide_vocabulary").is_dir():
        _widen_vocabulary(f"{run}.jsonl")
    common = [*overrides, f"name={run}", f"data={run}.jsonl", "epochs=1", "trainer.accelerator=cpu"]
    start = time.monotonic()
    _alpaca("plan", *common)
    seconds = time.monotonic() - start
    plan = json.loads(Path(f"outputs/{run}/plan/plan.json").read_text("utf-8"))
    measured = _alpaca("train", *common)
    predicted = plan["peak_memory_gib"] * 1024
    error = predicted / measured - 1
    row = [name, f"{predicted:.0f}", f"{measured:.0f}", f"{error:+.1%}", f"{seconds:.1f}", plan["peak_at"]]
    return row, abs(error) <= LARGEST_ERROR and seconds <= LONGEST_SECONDS


def _alpaca(*arguments: str) -> float:
    """Run a stage; return the peak of resident memory, in MiB, of the largest of its processes."""
    with Path("log.txt").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-m", "alpaca", *arguments], stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)  # whose peak is the largest of the process and those it waited for
        if status:
            log.seek(0)
            sys.exit(f"alpaca {' '.join(arguments)}\n{log.read()}")
    return usage.ru_maxrss / 1024


def _widen_vocabulary(data: str) -> None:
    """Make a model folder with far more rows of embedding than its tokenizer has tokens, in a process of its own."""
    _alpaca("train", "name=tokenizer", f"data={data}", "epochs=1", "trainer.accelerator=cpu")
    code = (
        "from transformers import LlamaConfig, LlamaForCausalLM, AutoTokenizer\n"
        "tokenizer = AutoTokenizer.from_pretrained('outputs/tokenizer/train/model')\n"
        f"config = LlamaConfig(vocab_size={VOCABULARY}, hidden_size=256, intermediate_size=512, num_hidden_layers=2,\n"
        "    num_attention_heads=4, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)\n"
        "LlamaForCausalLM(config).save_pretrained('wide_vocabulary')\n"
        "tokenizer.save_pretrained('wide_vocabulary')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


if __name__ == "__main__":
    main(sys.argv[1:])
