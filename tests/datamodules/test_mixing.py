from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from alpaca.datamodules.mixing import Mixture, hold_out

NONE = np.empty(0, int)


@pytest.mark.parametrize("weights", [None, [1.0]])
@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_one_data_set_is_shuffled_by_seed_and_epoch(weights: list[float] | None, epoch: int) -> None:
    expected = np.random.default_rng([3, epoch]).permutation(50)
    assert Mixture.of([50], weights, NONE, 3).order(epoch).tolist() == expected.tolist()


def test_weights_say_how_often_an_example_is_taken_an_epoch() -> None:
    mixture = Mixture.of([10, 20, 7, 4], [2, 0.5, 1, 1.5], NONE, 0)
    assert len(mixture) == 20 + 10 + 7 + 6
    epochs = [Counter(mixture.order(epoch).tolist()) for epoch in range(4)]
    for taken in epochs:
        assert taken.total() == len(mixture)
        assert [taken[i] for i in range(10)] == [2] * 10
        assert sorted(taken[i] for i in range(10, 30)) == [0] * 10 + [1] * 10
        assert [taken[i] for i in range(30, 37)] == [1] * 7
        assert sorted(taken[i] for i in range(37, 41)) == [1, 1, 2, 2]
    assert {i for i in epochs[0] if 10 <= i < 30}.isdisjoint({i for i in epochs[1] if 10 <= i < 30})
    whole = sum(epochs, Counter())
    assert [whole[i] for i in range(41)] == [8] * 10 + [2] * 20 + [4] * 7 + [6] * 4
    assert mixture.order(0).tolist() != sorted(mixture.order(0).tolist())


def test_a_half_is_random_in_the_seed() -> None:
    halves = {frozenset(Mixture.of([20], [0.5], NONE, seed).order(0).tolist()) for seed in range(5)}
    assert len(halves) == 5


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.001, 1), (0.1, 20), (0.5, 100)])
def test_what_is_held_out_is_never_trained_on(share: float, count: int) -> None:
    held_out = hold_out(200, share, seed=1)
    assert len(set(held_out.tolist())) == count
    mixture = Mixture.of([150, 50], [1, 2], held_out, 1)
    trained = np.concatenate([mixture.order(epoch) for epoch in range(3)])
    assert set(trained.tolist()) | set(held_out.tolist()) == set(range(200))
    assert set(trained.tolist()).isdisjoint(held_out.tolist())
    if count:
        assert held_out.tolist() != hold_out(200, share, seed=2).tolist()
