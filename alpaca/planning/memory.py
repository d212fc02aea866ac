"""The bytes that a training holds on one device, moment by moment.

Shapes: `T` tokens of a micro-batch, `K` target tokens of it, `D` width, `I` inner width of the feed-forward part, `Q` and `KV`
width of all queries and of all keys, `V` vocabulary. What autograd keeps of a decoder layer of Hugging Face's LLaMA was
counted with torch.autograd.graph.saved_tensors_hooks; a test counts it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from alpaca.models.shape import Shape
from alpaca.planning.adapters import Adapters
from alpaca.planning.workload import Workload
from alpaca.schema import Share

FP32 = 4
INDEX = 8  # bytes of an id or a position
EXPORT_SHARD = 256 << 20  # models.weights.SHARD_BYTES
FUSED_ROWS = 512  # modules.loss.FUSED_ROWS
DEEPSPEED_BUCKET = 50_000_000  # strategies.deepspeed.BUCKET: numbers, allocated at once on a GPU; on a processor a page costs when it is touched
DEEPSPEED_LIVE = 1_000_000_000  # numbers, its stage3_max_live_parameters and stage3_max_reuse_distance
Sharding = Literal["none", "layerwise", "ddp", "fsdp", "zero2", "zero3"]
ALONE: tuple[Sharding, ...] = ("none", "layerwise")  # on one device
Checkpointing = Literal["none", "full", "selective", "auto"] | Share  # or a share of the layers
SHARES = {"none": 0.0, "selective": 0.5, "full": 1.0, "auto": 1.0}  # automatically, all until it is known what fits
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
    checkpointing: Checkpointing
    fused_loss: bool
    offload: bool
    reshard: bool
    saves_meanwhile: bool  # whether training goes on while a checkpoint is written
    on_gpu: bool
    process: float  # bytes of a process before it has a network
    gradients_on_host: bool = False  # layerwise: those that wait for the norm
    inputs_on_host: bool = False  # layerwise: what goes into the layers
    states_on_host: bool = False  # layerwise: the optimizer's
    adapters: Adapters | None = None
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
        if self.adapters is None:
            return float(self.shape.parameters * self.stored)
        return self.adapters.frozen_bytes(self.shape, self.stored) + self.trained_weights

    @property
    def trained(self) -> int:
        """How many parameters are trained."""
        return self.shape.parameters if self.adapters is None else self.adapters.parameters(self.shape)

    @property
    def trained_weights(self) -> float:
        """Bytes of the parameters that are trained, and of their gradients."""
        return float(self.trained * (self.stored if self.adapters is None else FP32))


def layer_activations(setup: Setup) -> float:
    """Return the bytes that autograd keeps of a decoder layer, nothing being recomputed; at most, with adapters."""
    s, a, pad = setup.shape, setup.computed, setup.work.padding
    whole = setup.adapters is None  # or else what goes into a layer's own matrices is not kept
    norms = 2 * (s.hidden_size * (FP32 + 2 * a * whole) + FP32)  # what comes in (in fp32), normed and scaled; the scale
    attention = a * ((1 + whole) * s.queries + 2 * s.keys + pad * (2 * s.queries + 2 * s.keys))
    attention += FP32 * s.num_attention_heads * pad
    feed_forward = a * (3 + whole) * s.intermediate_size  # gate, its SiLU, up, and their product
    beside = setup.adapters.kept(s, a) if setup.adapters else 0.0
    return setup.work.largest * (norms + attention + feed_forward + beside)


def recomputed(setup: Setup, layer: int) -> bool:
    """Tell whether the backward pass computes a decoder layer again."""
    return again(setup.checkpointing, layer, setup.shape.num_hidden_layers)


def again(how: Checkpointing, layer: int, layers: int) -> bool:
    """Tell whether a decoder layer is one of the share that is computed again, which are spread evenly, the first among them."""
    share = SHARES[how] if isinstance(how, str) else how
    number = math.ceil(share * layers - 1e-9)
    return layer * number % layers < number


def least_recomputed(setup: Setup, available: float) -> float:
    """Return the least share of the layers with which the peak is within `available` bytes; all where none is."""
    layers = setup.shape.num_hidden_layers
    shares = (number / layers for number in range(layers))
    fitting = (share for share in shares if sum(peak(replace(setup, checkpointing=share))[1].values()) <= available)
    return next(fitting, 1.0)


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
    if setup.sharding == "layerwise":  # of all micro-batches; on the host but for one, and that going back to all
        kept = setup.work.micro_batches * kept if not setup.inputs_on_host else kept_of_layer(setup, 0)
        kept += setup.work.micro_batches * kept_of_layer(setup, 0)
    return setup.work.largest * outside + chosen + kept


def in_backward(setup: Setup) -> float:
    """Return the bytes that the backward pass of a layer has at most beside what was kept.

    These are the layer itself where it is recomputed, and the gradients of the feed-forward part's three products.
    """
    s, a = setup.shape, setup.computed
    again = layer_activations(setup) if recomputed(setup, s.num_hidden_layers - 1) else 0.0
    cast = 3 * FP32 * s.intermediate_size if setup.adapters else 0  # what comes out of adapters, before it is added
    return again + setup.work.largest * (a * (3 * s.intermediate_size + s.hidden_size) + cast)


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
    number, world = setup.trained, setup.world
    share = number / world
    if setup.sharding in ALONE:
        waiting = setup.trained_weights if setup.gradients_on_host and not setup.on_gpu else 0.0
        if setup.states_on_host and setup.on_gpu:  # but those of a layer, or of what is in none
            number = min(number, max(setup.shape.layer, setup.shape.outside))
        return {"weights": setup.weights, "optimizer": number * setup.optimizer_bytes, "gradients": waiting}
    if setup.sharding == "ddp":  # whose buckets stay
        return {
            "weights": setup.weights,
            "optimizer": number * setup.optimizer_bytes,
            "gradients": setup.trained_weights,
        }
    if setup.sharding == "fsdp":
        return {"weights": setup.weights / world, "optimizer": share * setup.optimizer_bytes, "gradients": 0.0}
    master = 0 if setup.stored == FP32 and setup.sharding == "zero3" else FP32
    optimizer = share * (setup.optimizer_bytes + master)
    if setup.sharding == "zero2":
        return {"weights": setup.weights, "optimizer": optimizer, "gradients": 0.0}
    return {"weights": setup.weights / world, "optimizer": optimizer, "gradients": share * setup.stored}


def gradients(setup: Setup) -> float:
    """Return the bytes of a device's gradients when a step has its last."""
    s, number = setup.shape, setup.trained
    if setup.sharding == "layerwise":  # a layer's, and a micro-batch's that are added to them; those of no layer stay
        outside = 0 if setup.adapters else setup.stored * s.outside
        return states(setup)["gradients"] + 2 * (setup.trained_weights - outside) / s.num_hidden_layers + outside
    if setup.sharding in ("none", "ddp"):
        again = 2 if setup.sharding == "ddp" and setup.work.micro_batches > 1 else 1  # those of before, and the buckets
        return setup.trained_weights * again
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
    if setup.sharding in (*ALONE, "ddp", "fsdp"):  # each rank writes its share
        return (setup.trained_weights + setup.trained * setup.optimizer_bytes) / setup.world
    return setup.trained / setup.world * (FP32 + setup.optimizer_bytes)


def export_copy(setup: Setup) -> float:
    """Return the bytes of what is gathered or merged for a file at a time, and of the file; a whole network goes as it is."""
    if setup.sharding in (*ALONE, "ddp", "zero2") and setup.adapters is None:
        return 0.0
    return 2.0 * min(EXPORT_SHARD, setup.weights)


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
    return setup.process + checkpoint_copy(setup) + offloaded + waiting_on_host(setup)


def waiting_on_host(setup: Setup) -> float:
    """Return the bytes of pinned memory in which a layer-wise step keeps what the device has no room for."""
    s, size = setup.shape, 0
    matrices = [into * out for into, out in s.matrices.values()] if setup.adapters is None else []
    if setup.gradients_on_host:
        size += s.num_hidden_layers * sum(_pinned(setup.stored * number) for number in matrices)
    if setup.inputs_on_host:
        one = _pinned(setup.computed * setup.work.largest * s.hidden_size)
        size += s.num_hidden_layers * setup.work.micro_batches * one
    if setup.states_on_host:  # two numbers a parameter
        matrices = s.num_hidden_layers * matrices + s.outside // s.vocabulary * [s.vocabulary]
        size += sum(2 * _pinned(int(setup.optimizer_bytes / 2 * number)) for number in matrices)
    return float(size)


def _pinned(size: int) -> int:
    """Return what torch allocates for a tensor of so many bytes: the next power of two."""
    return 1 << (size - 1).bit_length()
