"""The summed cross-entropy of the target tokens, and the kernels that compute it.

Shapes: `T` tokens of a packed row (`B` x `L` of a padded batch), `K` target tokens, `D` width, `V` vocabulary.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alpaca.datamodules.tokens import IGNORED, MicroBatch
from alpaca.errors import UserError
from alpaca.modules.attention import LayOut, grids, use_packed_attention

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Kernel = Literal["plain", "fused", "liger"]
FUSED_ROWS = (
    512  # whose logits the fused kernel holds at a time; torch's own choice is a few rows where the width is small
)
SCALED = {
    "final_logit_softcapping": None,
    "logit_scale": 1.0,
    "logits_scaling": 1.0,
}  # and their values for "not at all"


class FusedHead(nn.Linear):
    """A language-model head that returns the loss of its targets, and never holds all of their logits.

    Without targets it returns logits, as before.
    """

    kernel: Callable[[Tensor, Tensor, Tensor], Tensor]
    predicting: Tensor  # (K,)
    targets: Tensor | None = None  # (K,)

    def forward(self, hidden: Tensor) -> Tensor:
        if self.targets is None:
            return super().forward(hidden)
        targets, self.targets = self.targets, None
        return self.kernel(hidden.flatten(0, 1)[self.predicting], self.weight, targets)  # ()


def target_loss(network: PreTrainedModel, batch: MicroBatch, lay_out: LayOut = grids) -> Tensor:
    """Return the summed cross-entropy of a micro-batch's target tokens, a scalar.

    `lay_out` says how to attend within packed documents. Where the layout allows, only the positions that predict a target
    go through the language-model head.
    """
    head = network.get_output_embeddings()
    predicting, targets = batch["predicting"], batch["targets"]
    packed = "document_lengths" in batch
    if packed:
        use_packed_attention(network)
        layout: dict[str, Any] = {"documents": lay_out(batch)}
    else:
        layout = {"attention_mask": batch["attention_mask"]}
    if isinstance(head, FusedHead):
        head.predicting, head.targets = predicting, targets
    elif packed:
        layout["logits_to_keep"] = predicting
    inputs = {"input_ids": batch["input_ids"], "position_ids": batch["position_ids"], "use_cache": False}
    out: Tensor = network(**inputs, **layout).logits
    if isinstance(head, FusedHead):
        return out
    logits = out[0] if packed else out.flatten(0, 1)[predicting]  # (K, V)
    return F.cross_entropy(logits.float(), targets, reduction="sum")


def use_kernel(network: PreTrainedModel, kernel: Kernel) -> None:
    """Make a network's head compute the loss itself, unless the kernel is the plain one.

    Raises UserError where the kernel is not installed or the network's head is not a plain one.
    """
    if kernel == "plain":
        return
    compute = _fused() if kernel == "fused" else _liger()
    head = network.get_output_embeddings()
    config = network.config.to_dict()
    if type(head) is not nn.Linear or head.bias is not None or any(config.get(k, v) != v for k, v in SCALED.items()):
        raise UserError(
            f"module.loss={kernel} is not for {type(network).__name__}, whose logits are not those of its head"
        )
    head.__class__ = FusedHead
    head.kernel = compute


def _fused() -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    if not hasattr(F, "linear_cross_entropy"):  # before torch 2.13
        return Chunked.apply
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=FUSED_ROWS)

    def compute(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        return F.linear_cross_entropy(hidden, weight, targets, reduction="sum", options=options)

    return compute


class Chunked(torch.autograd.Function):
    """The summed loss of targets without all of their logits: those of a few rows at a time, and their gradients at once."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """Take (K, D), (V, D) and (K,); the weights' gradients of all rows are summed in fp32."""
        total = hidden.new_zeros((), dtype=torch.float32)
        of_hidden, of_weight = [], torch.zeros_like(weight, dtype=torch.float32) if weight.requires_grad else None
        for rows, wanted in zip(hidden.split(FUSED_ROWS), targets.split(FUSED_ROWS), strict=True):
            logits = (rows @ weight.T).float()  # (rows, V)
            total += F.cross_entropy(logits, wanted, reduction="sum")
            slope = logits.softmax(1).scatter_add_(1, wanted.clamp(min=0)[:, None], -torch.ones_like(logits[:, :1]))
            slope = slope.mul_((wanted != IGNORED)[:, None]).to(rows.dtype)
            of_hidden.append((slope @ weight).to(rows.dtype))
            if of_weight is not None:
                of_weight += slope.T @ rows
        ctx.save_for_backward(torch.cat(of_hidden), of_weight)
        ctx.dtype = weight.dtype
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_weight = ctx.saved_tensors
        scaled = None if of_weight is None else (of_weight * gradients[0]).to(ctx.dtype)
        return of_hidden * gradients[0].to(of_hidden.dtype), scaled, None


def _liger() -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    if importlib.util.find_spec("liger_kernel") is None:
        raise UserError("module.loss=liger needs the package liger-kernel, and a GPU; or give module.loss=fused")
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

    fused = LigerFusedLinearCrossEntropyLoss(reduction="sum")
    return lambda hidden, weight, targets: fused(weight, hidden, targets)
