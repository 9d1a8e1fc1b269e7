"""Synthetic runs for the tests of this folder."""

import math
import random

from bertmagic.events import Ended, Evaluated, Started, Step

HOSTILE = "<img src=x onerror=alert(1)> & \"q\" 'a' </script> \x00 \ud800 {x} %s"


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Screen:
    """Keeps what it is shown, and when."""

    def __init__(self, clock, cost=0.0):
        self.clock, self.cost = clock, cost
        self.frames, self.times, self.stayed = [], [], []

    def show(self, bundle):
        self.frames.append(bundle)
        self.times.append(self.clock.now)
        self.clock.now += self.cost

    def below(self, bundle):
        self.stayed.append(bundle)

    @property
    def last(self):
        return self.frames[-1]


def started(steps, name="sentiment", metric="macro_f1"):
    return Started(
        name, "classification", "minilm", 32 * steps, 800, steps, 3.0, "cpu", "bf16", metric, metric != "loss"
    )


def step(at, steps, seconds=0.25, loss=None):
    noise = random.Random(at).gauss(0, 0.05)
    value = abs(0.3 + math.exp(-5 * at / steps) + noise) if loss is None else loss
    return Step(at, 3 * at / steps, value, 1e-4 * (1 - at / steps), 1.0, 32, 1100, 1200, at * seconds, 1_200_000_000)


def evaluated(at, steps, best=True):
    metrics = {"loss": 0.4, "accuracy": 0.9 * at / steps, "macro_f1": 0.8 * at / steps}
    return Evaluated(at, 3 * at / steps, 0.4, metrics, best, 2.0)


def ended(at, best=0, reason="finished"):
    return Ended(reason, at, best, at * 0.25, 32 * at, 1100 * at, 1200 * at)
