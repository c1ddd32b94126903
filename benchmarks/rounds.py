"""How things are measured: all subjects in each of many short rounds, so that a busy machine slows all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping

import attrs

# Does what is measured so many times.
Subject = Callable[[int], object]


@attrs.define
class Cost:
    """What one time of a subject took in each round, in seconds."""

    cpu: list[float] = attrs.field(factory=list)
    wall: list[float] = attrs.field(factory=list)


def interleave(
    subjects: Mapping[str, Subject], *, rounds: int, seconds: float = 0.05, step: int = 1
) -> dict[str, Cost]:
    """Measure all subjects, one after another, in each round; every second round backwards.

    Args:
        subjects: what to measure, by name.
        rounds: how many values each of them gets.
        seconds: that a subject should take in a round, about.
        step: a subject is done a multiple of so many times.
    """
    times = {name: _times_for(subject, seconds, step) for name, subject in subjects.items()}
    costs = {name: Cost() for name in subjects}
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        names = list(subjects)
        for name in names if number % 2 else reversed(names):
            gc.collect()
            cpu, wall = _timed(subjects[name], times[name])
            costs[name].cpu.append(cpu)
            costs[name].wall.append(wall)
    gc.unfreeze()
    return costs


def _times_for(subject: Subject, seconds: float, step: int) -> int:
    subject(step)  # The first time is another thing: connections are made, caches are filled.
    cpu, _ = _timed(subject, step)
    return step * max(1, round(seconds / (cpu * step)))


def _timed(subject: Subject, times: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    subject(times)
    return (time.process_time() - cpu) / times, (time.perf_counter() - wall) / times
