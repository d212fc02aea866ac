"""How long a training takes, and what that costs."""

from __future__ import annotations

from alpaca.planning.gpu import GPU
from alpaca.planning.recipe import Recipe


def flops(recipe: Recipe) -> float:
    """Return the floating-point operations of a training: 6 a weight and token, and attention's (Kaplan et al. 2020).

    A weight of the embedding is looked up and not multiplied with, and the head computes targets alone. Causal attention
    costs 6 x layers x width for each token and each one that it sees, half of its document on average. Of these 6, 2 are the
    forward pass's, which a recomputation takes again, and 2 the gradients' of weights, which frozen ones have not.
    """
    shape, work, strategy = recipe.shape, recipe.work, recipe.strategy
    share = recipe.documents.targets.sum() / recipe.documents.lengths.sum()
    again = {"none": 0, "selective": 0, "full": 1}[strategy.activation_checkpointing]
    backward = 1 if recipe.setup.adapters else 2
    rounds = 2 if strategy.gradients == "again" else 1
    head = shape.vocabulary * work.tokens * share * (1 + backward)
    weights = shape.layer * work.tokens * (1 + rounds * (again + backward))
    attention = shape.queries * work.tokens_squared * (1 + rounds * (again + 2))
    return float(2 * (head + shape.num_hidden_layers * (weights + attention)))


def hours(recipe: Recipe, gpu: GPU, utilisation: float) -> float:
    """Return the hours of training on GPUs that reach this share of their peak."""
    return flops(recipe) / (gpu.flops(recipe.machine.precision) * utilisation * recipe.world) / 3600
