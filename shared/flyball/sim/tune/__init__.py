"""Which values of a config's policies are cheap and late enough, on days that nobody had seen?"""

from flyball.sim.tune.fold import Fold, Part, split
from flyball.sim.tune.score import Score, Tried, find_frontier, pick
from flyball.sim.tune.tune import Asked, Outcome, Rules, Tuned, Walk, tune

__all__ = [
    "Asked",
    "Fold",
    "Outcome",
    "Part",
    "Rules",
    "Score",
    "Tried",
    "Tuned",
    "Walk",
    "find_frontier",
    "pick",
    "split",
    "tune",
]
