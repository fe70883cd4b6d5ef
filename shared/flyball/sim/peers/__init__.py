"""What would others have done: the peers' own rules, to run beside ours?"""

from flyball.sim.peers.registry import (
    Baseline,
    Point,
    cheapest_within,
    describe,
    frontier,
    make,
)

__all__ = ["Baseline", "Point", "cheapest_within", "describe", "frontier", "make"]
