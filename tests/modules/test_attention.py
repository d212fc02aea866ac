"""Every way of attending within packed documents against a softmax for each document alone."""

from __future__ import annotations

import functools

import pytest
import torch
from attending import alone, emulated, projections, row

from alpaca.datamodules.tokens import MicroBatch
from alpaca.errors import UserError
from alpaca.modules.attention import LayOut, grids
from alpaca.modules.flex import Flex
from alpaca.modules.paths import lacking, lay_out_by
from alpaca.modules.varlen import Varlen, repeating, varlen_kernel

ROWS = {
    "one": row([7]),
    "several": row([3, 4, 1, 30, 2]),
    "shared": row([5, 3, 4, 1, 30, 4, 2, 9], [-1, 0, 0, 0, 0, -1, 5, 5]),
    "shared by some": row([6, 2, 7, 9, 1, 3], [-1, 0, 0, -1, -1, -1]),
}
VARLEN = functools.partial(Varlen.of, kernel=repeating(emulated))


@pytest.mark.parametrize("heads_of_keys", [4, 2, 1])
@pytest.mark.parametrize("lay_out", [grids, VARLEN], ids=["grids", "varlen"])
@pytest.mark.parametrize("batch", ROWS.values(), ids=ROWS)
def test_documents_attend_as_if_alone(batch: MicroBatch, lay_out: LayOut, heads_of_keys: int) -> None:
    given = projections(int(batch["document_lengths"].sum()), 4, heads_of_keys)
    wanted, got = alone(*given, batch, 0.3), lay_out(batch).attend(*given, 0.3, 0.0)
    weights = torch.randn(wanted.shape)
    assert torch.allclose(got, wanted, atol=1e-6)
    for ours, plain in zip(*(torch.autograd.grad((x * weights).sum(), given) for x in (got, wanted)), strict=True):
        assert plain.norm() > 0
        assert (ours - plain).norm() <= 1e-6 * plain.norm()


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
@pytest.mark.parametrize("heads_of_keys", [4, 2])
@pytest.mark.parametrize("batch", ROWS.values(), ids=ROWS)
def test_flex_attends_as_if_alone(batch: MicroBatch, heads_of_keys: int) -> None:
    """Its gradients need a GPU."""
    given = [x.detach() for x in projections(int(batch["document_lengths"].sum()), 4, heads_of_keys)]
    assert torch.allclose(Flex.of(batch).attend(*given, 0.3, 0.0), alone(*given, batch, 0.3), atol=1e-6)


def test_the_kernel_gets_ends_of_32_bits_and_rounded_lengths() -> None:
    layout = VARLEN(ROWS["shared"])
    assert layout.queries_end.tolist() == [0, 5, 8, 12, 13, 43, 47, 49, 58]
    assert layout.keys_end.tolist() == [0, 5, 13, 22, 28, 63, 67, 73, 86]
    assert (layout.most_queries, layout.most_keys) == (512, 512)
    assert VARLEN(row([513])).most_queries == 1024
    assert VARLEN(ROWS["several"]).keys is None


def test_queries_and_keys_in_fp32_attend_in_the_dtype_of_the_values() -> None:
    query, key, value = projections(40, 4, 4)
    assert VARLEN(ROWS["several"]).attend(query, key, value.bfloat16(), 0.3, 0.0).dtype == torch.bfloat16


def test_torchs_kernel_takes_what_it_is_given() -> None:
    """On a processor it refuses the device and nothing else."""
    given = [x.detach().bfloat16() for x in projections(40, 4, 2)]
    with pytest.raises((NotImplementedError, RuntimeError), match=r"CPU|CUDA|cuda"):
        Varlen.of(ROWS["several"], varlen_kernel()).attend(*given, 0.3, 0.0)


@pytest.mark.gpu
@pytest.mark.parametrize("asked", ["varlen", "flex", "grids"])
@pytest.mark.parametrize("batch", ROWS.values(), ids=ROWS)
def test_paths_agree_on_a_gpu(batch: MicroBatch, asked: str) -> None:
    """In bf16, against fp32 from the same numbers."""
    device = torch.device("cuda")
    plain = [x.detach().to(device).bfloat16() for x in projections(int(batch["document_lengths"].sum()), 4, 2, 64)]
    moved = batch | {"input_ids": batch["input_ids"].to(device)}
    of = [[x.to(dtype).requires_grad_() for x in plain] for dtype in (torch.bfloat16, torch.float32)]
    lay_out = lay_out_by(asked, device, halved=True)  # type: ignore[arg-type]
    got, wanted = lay_out(moved).attend(*of[0], 0.3, 0.0), alone(*of[1], batch, 0.3)
    weights = torch.randn_like(wanted)
    gradients = [torch.autograd.grad((x.float() * weights).sum(), y) for x, y in ((got, of[0]), (wanted, of[1]))]
    for ours, exact in zip((got, *gradients[0]), (wanted, *gradients[1]), strict=True):
        assert (ours.float() - exact).norm() <= 2e-2 * exact.norm()


@pytest.mark.parametrize(
    ("capability", "halved", "word"),
    [(None, True, "CUDA"), ((7, 5), True, "Ampere"), ((9, 0), False, "bf16"), ((9, 0), True, None)],
)
def test_what_the_kernels_need(capability: tuple[int, int] | None, halved: bool, word: str | None) -> None:
    missing = lacking(capability, halved)
    assert missing is None if word is None else word in str(missing)


def test_a_path_that_cannot_be_is_refused_and_auto_takes_one_that_can() -> None:
    processor = torch.device("cpu")
    assert lay_out_by("auto", processor, halved=True) is grids
    for asked in ("varlen", "flex"):
        with pytest.raises(
            UserError, match=f"module.attention={asked} needs a CUDA device.*give module.attention=auto"
        ):
            lay_out_by(asked, processor, halved=True)


def test_dropout_is_refused_where_there_is_none() -> None:
    with pytest.raises(UserError, match=r"give module.attention=grids"):
        VARLEN(ROWS["one"]).attend(*projections(7, 4, 4), 0.3, 0.1)
