"""Run both benchmarks and print them; `make bench` installs what it needs."""

from __future__ import annotations

import sys

from tests.bench import decision, wakes


def main() -> int:
    """Print one table a benchmark; ratios are for people to judge, so it always ends with 0."""
    print("One decision: three policies, 15 datapoints each, every reason; 10 instances")
    try:
        rows = decision.compare()
    except ImportError as error:
        print(f"  Ray Serve is not installed ({error}): `make bench` installs it")
        rows = []
    if rows:
        print(f"  {'scene':<10} {'Flyball':>9} {'Ray Serve':>10} {'ratio':>6}")
    for name, ours, theirs, ratio in rows:
        print(f"  {name:<10} {ours:>6.1f} µs {theirs:>7.1f} µs {ratio:>6.2f}")
    for name, reasons, size in decision.evidence():
        print(f"  {name}: {reasons} reasons, {size:,} bytes of canonical JSON")
    print("\nOne wake through the whole controller, SQLite ledger on disk")
    for each in wakes.measure():
        print(
            f"  {each.scene:<10} {1e6 / each.each_us:>6,.0f} wakes/s  {each.each_us:>5.0f} µs each"
            f"  {each.changes:>4.0%} changed capacity  {each.row_bytes:>6,.0f} bytes/wake"
        )
        steps = "  ".join(f"{name} {share:.0%}" for name, share in each.shares.items())
        print(f"             {steps}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
