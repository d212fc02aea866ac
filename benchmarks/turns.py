"""Contestants that take turns, a step each, in one process, so that a noisy machine is equally noisy for all."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One optimizer step: what it cost, and how many real tokens it took."""

    cpu: float  # seconds of the processor
    wall: float  # seconds
    tokens: int


StepEnds = Callable[[int], None]  # to be called with the step's tokens
Contestant = Callable[[StepEnds], Any]


class Turns:
    """A contestant in a thread of its own, which runs only during `step` and `finish`.

    A step lasts from where the one before ended to where this one ends, so nothing a contestant does is left out.
    """

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self.go, self.halt = threading.Semaphore(0), threading.Semaphore(0)
        self.over, self.problem, self.result = False, None, None
        self.tokens = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def step(self) -> Step:
        """Let the contestant work until its next step is done; raises what it raises."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.go.release()
        self.halt.acquire()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if self.problem:
            raise self.problem
        return Step(cpu, wall, self.tokens)

    def finish(self) -> Any:
        """Let the contestant work to its end, and return what it returns."""
        while not self.over:
            self.step()
        return self.result

    def _run(self) -> None:
        self.go.acquire()
        try:
            self.result = self.contestant(self._step_ends)
        except BaseException as problem:
            self.problem = problem
        self.over = True
        self.halt.release()

    def _step_ends(self, tokens: int) -> None:
        self.tokens = tokens
        self.halt.release()
        self.go.acquire()


@dataclass(frozen=True)
class Ran:
    """The counted steps of a contestant, and what it returned at its end."""

    steps: list[Step]
    result: Any

    @property
    def rate(self) -> float:
        """The median of the steps' tokens per second of the processor."""
        return statistics.median(step.tokens / step.cpu for step in self.steps)

    def times(self, other: Ran) -> float:
        """Return how many times the other's rate this one is, the median over the rounds."""
        pairs = zip(self.steps, other.steps, strict=True)
        return statistics.median(ours.tokens / ours.cpu * theirs.cpu / theirs.tokens for ours, theirs in pairs)


def race(contestants: dict[str, Contestant], warm_up: int, rounds: int) -> dict[str, Ran]:
    """Run `warm_up` uncounted rounds and `rounds` counted ones, each begun by another contestant."""
    turns = {name: Turns(contestant) for name, contestant in contestants.items()}
    steps: dict[str, list[Step]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(warm_up + rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            steps[name].append(turns[name].step())
    return {name: Ran(steps[name][warm_up:], turns[name].finish()) for name in names}
