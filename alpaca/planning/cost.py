"""How long a training takes, and what that costs."""

from __future__ import annotations

from alpaca.planning.gpu import GPU
from alpaca.planning.memory import recomputed
from alpaca.planning.recipe import Recipe


def flops(recipe: Recipe) -> float:
    """Return the floating-point operations of a training: 6 a weight and token, and attention's (Kaplan et al. 2020).

    A weight of the embedding is looked up and not multiplied with, and the head computes targets alone. Causal attention
    costs 6 x layers x width for each token and each one that it sees, half of its document on average. Recomputing the
    forward pass takes 2 more for each 6.
    """
    shape, work = recipe.shape, recipe.work
    share = recipe.documents.targets.sum() / recipe.documents.lengths.sum()
    head = 6 * shape.vocabulary * work.tokens * share
    layers = 6 * shape.num_hidden_layers * (shape.layer * work.tokens + shape.queries * work.tokens_squared)
    again = (
        1
        + sum(recomputed(recipe.setup, layer) for layer in range(shape.num_hidden_layers)) / shape.num_hidden_layers / 3
    )
    return float(head + again * layers)


def hours(recipe: Recipe, gpu: GPU, utilisation: float) -> float:
    """Return the hours of training on GPUs that reach this share of their peak."""
    return flops(recipe) / (gpu.flops(recipe.machine.precision) * utilisation * recipe.world) / 3600
