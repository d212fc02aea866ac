"""How long a training takes, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, fields

from alpaca.planning.gpu import GPU, Measured
from alpaca.planning.memory import layer_activations, logits, recomputed
from alpaca.planning.recipe import Recipe

TERA, GIB = 1e12, 2**30


@dataclass(frozen=True)
class Work:
    """What the devices do in a training together, in the units that `planning.gpu.Measured` has seconds for."""

    products: float
    attention: float
    passed: float
    updated: float
    calls: float
    steps: float

    @classmethod
    def of(cls, recipe: Recipe) -> Work:
        setup, work = recipe.setup, recipe.work
        layers, share = recipe.shape.num_hidden_layers, work.tokens / work.largest
        kept = layers * (1 + _again(recipe) / 2) * layer_activations(setup) * share
        moved = 2 * setup.stored + setup.optimizer_bytes
        return cls(
            products=_products(recipe) / TERA,
            attention=_attention(recipe) / TERA,
            passed=(kept + logits(setup) * share) / GIB,
            updated=work.steps * recipe.shape.parameters * moved / GIB,
            calls=float(layers * work.steps * work.micro_batches * recipe.world),
            steps=float(work.steps * recipe.world),
        )

    def seconds(self, measured: Measured) -> float:
        """Return how long one device would take for all of it."""
        return float(sum(getattr(self, unit.name) * getattr(measured, unit.name) for unit in fields(self)))


def flops(recipe: Recipe) -> float:
    """Return the floating-point operations of a training: 6 a weight and token, and attention's (Kaplan et al. 2020).

    A weight of the embedding is looked up and not multiplied with, and the head computes targets alone. Causal attention
    costs 6 x layers x width for each token and each one that it sees, half of its document on average. Recomputing the
    forward pass takes 2 more for each 6.
    """
    return _products(recipe) + _attention(recipe)


def _products(recipe: Recipe) -> float:
    shape, work = recipe.shape, recipe.work
    targets = recipe.documents.targets.sum() / recipe.documents.lengths.sum() * work.tokens
    layers = shape.num_hidden_layers * shape.layer * work.tokens * (1 + _again(recipe) / 3)
    return float(6 * (shape.vocabulary * targets + layers))


def _attention(recipe: Recipe) -> float:
    shape = recipe.shape
    return 6.0 * shape.num_hidden_layers * shape.queries * recipe.work.tokens_squared * (1 + _again(recipe) / 3)


def _again(recipe: Recipe) -> float:
    """Return the share of the layers whose forward pass is computed again."""
    count = recipe.shape.num_hidden_layers
    return sum(recomputed(recipe.setup, layer) for layer in range(count)) / count


def hours(recipe: Recipe, gpu: GPU, utilisation: float) -> float:
    """Return the hours of training on GPUs: as measured on one, or else at this share of their peak."""
    if gpu.measured:
        return Work.of(recipe).seconds(gpu.measured) / recipe.world / 3600
    return flops(recipe) / (gpu.flops(recipe.machine.precision) * utilisation * recipe.world) / 3600
