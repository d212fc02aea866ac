"""The bytes that a training holds on one device, moment by moment.

Shapes: `T` tokens of a micro-batch, `K` target tokens of it, `D` width, `I` inner width of the feed-forward part, `Q` and `KV`
width of all queries and of all keys, `V` vocabulary. What autograd keeps of a decoder layer of Hugging Face's LLaMA was
counted with torch.autograd.graph.saved_tensors_hooks; a test counts it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alpaca.models.shape import Shape
from alpaca.planning.workload import Workload

FP32 = 4
INDEX = 8  # bytes of an id or a position
EXPORT_SHARD = 256 << 20  # models.weights.SHARD_BYTES
FUSED_ROWS = 512  # modules.loss.FUSED_ROWS
DEEPSPEED_BUCKET = 50_000_000  # strategies.deepspeed.BUCKET: numbers, allocated at once on a GPU; on a processor a page costs when it is touched
DEEPSPEED_LIVE = 1_000_000_000  # numbers, its stage3_max_live_parameters and stage3_max_reuse_distance
Sharding = Literal["none", "ddp", "fsdp", "zero2", "zero3"]
Parts = dict[str, float]


@dataclass(frozen=True)
class Setup:
    """All that the memory of a training depends on; sizes of numbers in bytes."""

    shape: Shape
    work: Workload
    precision: str
    optimizer_bytes: float  # of the states, a parameter; DeepSpeed's are in fp32
    sharding: Sharding
    world: int
    checkpointing: Literal["none", "full", "selective"]
    fused_loss: bool
    offload: bool
    reshard: bool
    saves_meanwhile: bool  # whether training goes on while a checkpoint is written
    on_gpu: bool
    process: float  # bytes of a process before it has a network
    factors: Mapping[str, float] = field(default_factory=dict)  # measured over computed, of parts

    @property
    def stored(self) -> int:
        """Bytes of a parameter."""
        return 2 if self.precision == "bf16-true" else FP32

    @property
    def computed(self) -> int:
        """Bytes of an activation."""
        return FP32 if self.precision == "32-true" else 2

    @property
    def weights(self) -> float:
        """Bytes of all parameters, whole."""
        return float(self.shape.parameters * self.stored)


def layer_activations(setup: Setup) -> float:
    """Return the bytes that autograd keeps of a decoder layer, nothing being recomputed."""
    s, a, pad = setup.shape, setup.computed, setup.work.padding
    norms = 2 * (s.hidden_size * (FP32 + a + a) + FP32)  # what comes in (in fp32), normed, and scaled; and the scale
    attention = (
        a * (2 * s.queries + 2 * s.keys + pad * (2 * s.queries + 2 * s.keys)) + FP32 * s.num_attention_heads * pad
    )
    feed_forward = a * 4 * s.intermediate_size  # gate, its SiLU, up, and their product
    return setup.work.largest * (norms + attention + feed_forward)


def recomputed(setup: Setup, layer: int) -> bool:
    """Tell whether the backward pass computes a decoder layer again; selectively, every second."""
    return setup.checkpointing == "full" or (setup.checkpointing == "selective" and layer % 2 == 0)


def kept_of_layer(setup: Setup, layer: int) -> float:
    """Return the bytes that stay of a decoder layer until its backward pass."""
    if not recomputed(setup, layer):
        return layer_activations(setup)
    return float(setup.work.largest * setup.computed * setup.shape.hidden_size)


def activations(setup: Setup) -> float:
    """Return the bytes of all activations when the forward pass is done."""
    s, a = setup.shape, setup.computed
    rotary = 2 * a * s.head_width
    outside = s.hidden_size * (FP32 + a) + rotary + 3 * INDEX
    chosen = setup.work.targets * s.hidden_size * a
    kept = sum(kept_of_layer(setup, layer) for layer in range(s.num_hidden_layers))
    return setup.work.largest * outside + chosen + kept


def in_backward(setup: Setup) -> float:
    """Return the bytes that the backward pass of a layer has at most beside what was kept.

    These are the layer itself where it is recomputed, and the gradients of the feed-forward part's three products.
    """
    s, a = setup.shape, setup.computed
    again = layer_activations(setup) if recomputed(setup, s.num_hidden_layers - 1) else 0.0
    return again + setup.work.largest * a * (3 * s.intermediate_size + s.hidden_size)


def logits(setup: Setup) -> float:
    """Return the bytes of the loss: log-probabilities in fp32, their gradient, and that of the logits.

    The fused kernel makes one of the other in place, for a few rows at a time, and has the gradients of its inputs beforehand.
    """
    s, rows = setup.shape, setup.work.targets
    if not setup.fused_loss:
        return float(3 * FP32 * rows * s.vocab_size)
    chunk = min(rows, FUSED_ROWS)
    ahead = setup.computed * (rows * s.hidden_size + s.vocabulary)
    return float(min(3 * FP32 * rows * s.vocab_size, FP32 * chunk * s.vocab_size + ahead))


def states(setup: Setup) -> Parts:
    """Return what a rank holds between steps: its share of weights, optimizer states, and gradients that stay."""
    number, world = setup.shape.parameters, setup.world
    share = number / world
    if setup.sharding == "none":
        return {"weights": setup.weights, "optimizer": number * setup.optimizer_bytes, "gradients": 0.0}
    if setup.sharding == "ddp":  # whose buckets stay
        return {"weights": setup.weights, "optimizer": number * setup.optimizer_bytes, "gradients": setup.weights}
    if setup.sharding == "fsdp":
        return {"weights": setup.weights / world, "optimizer": share * setup.optimizer_bytes, "gradients": 0.0}
    master = 0 if setup.stored == FP32 and setup.sharding == "zero3" else FP32
    optimizer = share * (setup.optimizer_bytes + master)
    if setup.sharding == "zero2":
        return {"weights": setup.weights, "optimizer": optimizer, "gradients": 0.0}
    return {"weights": setup.weights / world, "optimizer": optimizer, "gradients": share * setup.stored}


def gradients(setup: Setup) -> float:
    """Return the bytes of a device's gradients when a step has its last."""
    number = setup.shape.parameters
    if setup.sharding in ("none", "ddp"):
        again = 2 if setup.sharding == "ddp" and setup.work.micro_batches > 1 else 1  # those of before, and the buckets
        return setup.weights * again
    kept = FP32 if setup.precision == "bf16-mixed" else setup.stored
    return number / setup.world * kept


def communication(setup: Setup) -> float:
    """Return the bytes of what is whole for a while of what is in shards: weights, gradients, and buffers.

    DeepSpeed keeps weights that it has gathered while they are fewer than DEEPSPEED_LIVE, and collects gradients in a bucket,
    which stage 3 copies to scatter it. FSDP has a layer, the next one, what belongs to no layer, and their gradients.
    """
    s, size = setup.shape, setup.computed
    bucket = size * (DEEPSPEED_BUCKET if setup.on_gpu else min(DEEPSPEED_BUCKET, s.parameters))
    if setup.sharding == "zero2":
        return float(bucket)
    if setup.sharding == "zero3":
        return float(size * min(DEEPSPEED_LIVE, s.parameters) + 2 * bucket)
    if setup.sharding == "fsdp":
        layers = 2 if setup.reshard else s.num_hidden_layers
        return float(size * (layers * s.layer + s.outside) + size * (s.layer + s.outside))
    return 0.0


def checkpoint_copy(setup: Setup) -> float:
    """Return the bytes of the copy, in the processor's memory, that a checkpoint is written from."""
    held = states(setup)
    if setup.sharding in ("none", "ddp"):  # each rank writes its share
        return (held["weights"] + held["optimizer"]) / setup.world
    if setup.sharding == "fsdp":
        return held["weights"] + held["optimizer"]
    return setup.shape.parameters / setup.world * (FP32 + setup.optimizer_bytes)


def export_copy(setup: Setup) -> float:
    """Return the bytes of what is written as a file at a time, and of the file."""
    whole = setup.sharding in ("none", "ddp", "zero2")
    return setup.weights if whole else 2.0 * min(EXPORT_SHARD, setup.weights)


def moments(setup: Setup) -> dict[str, Parts]:
    """Return what the device holds at each moment that may be the peak, in bytes by part."""
    held = {"process": setup.process} | states(setup)
    all_gradients = gradients(setup)
    if setup.on_gpu and setup.offload:
        held, all_gradients = dict.fromkeys(held, 0.0) | {"process": setup.process}, 0.0
    before = held | {"gradients": all_gradients if setup.work.micro_batches > 1 else held["gradients"]}
    passing = {"activations": activations(setup), "communication": communication(setup)}
    first_layer = {"activations": kept_of_layer(setup, 0) + in_backward(setup)}
    found = {
        "loss": before | passing | {"logits": logits(setup)},
        "backward pass": before | passing | {"activations": passing["activations"] + in_backward(setup)},
        "end of backward pass": held | {"gradients": all_gradients} | passing | first_layer,
    }
    if setup.on_gpu:
        return {
            moment: {part: size * setup.factors.get(part, 1.0) for part, size in parts.items()}
            for moment, parts in found.items()
        }
    if setup.saves_meanwhile:  # from a copy; at the end there is none
        found = {moment: parts | {"checkpoint": checkpoint_copy(setup)} for moment, parts in found.items()}
    return found | {"export": held | {"export": export_copy(setup)}}


def peak(setup: Setup) -> tuple[str, Parts]:
    """Return the moment at which the device holds most, and what."""
    every = moments(setup)
    moment = max(every, key=lambda name: sum(every[name].values()))
    return moment, every[moment]


def host_bytes(setup: Setup) -> float:
    """Return the bytes of the processor's memory that a rank on a GPU takes at most."""
    offloaded = sum(states(setup).values()) + gradients(setup) if setup.offload else 0.0
    return setup.process + checkpoint_copy(setup) + offloaded
