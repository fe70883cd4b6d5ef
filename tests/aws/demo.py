"""How does Flyball look on AWS, from an alarm to an endpoint's instances, without an account?

    make demo-aws
    make demo-aws ARGS="--trace traffic.csv"

The template is built and deployed by the real SAM into a local AWS (docs/aws-rig.md); a config is
brought into force by the real `flyball apply`; then a part of a trace is replayed against it, and
the ledger in DynamoDB is asked what happened, and why.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from flyball.cli import screen
from flyball.cli.sample import COMFORT_RATIO, PRICE_PER_HOUR
from flyball.config import load
from flyball.core.model import Action, Decision
from flyball.core.target import ScalableTarget
from flyball.report.figures import counted, duration, number
from flyball.report.plain import plain
from flyball.report.sentences import headline, tell_why
from flyball.report.summary import tell_score
from flyball.sim.cells import TraceError
from flyball.sim.generate import generate_day
from flyball.sim.judge import Marks
from flyball.sim.score import Tally
from flyball.sim.trace import Trace, read_trace
from tests.aws.deployment import SAM, Deployment, deployed
from tests.aws.replay import MINUTE, MINUTES_A_STEP, PERIOD, SPEED, Replay, Step

NAME = "show"
START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday; the generated day is the one of `flyball demo`."""
STEPS = 20
BEFORE_RATIO = 0.2
"""This part of what is replayed lies before the busiest minute."""
PEAK_INSTANCES = 10
"""So many carry the busiest minute."""
HEADROOM = 1.5
LEAD = timedelta(minutes=4)
"""Our server's: from a change to its first new instance."""
STOPPED = 130
"""Exit code of what Ctrl-C ended."""

CONFIG = """\
# Durations are of this machine's clock, on which a minute of the trace takes {minute:g} s.
version: 1
scalable_targets:
  - id: {name}
    home: aws
    resource: {{endpoint: {name}, variant: blue}}
    min_capacity: 2
    max_capacity: {most}
    price_per_hour: {price}
    lead_time: {lead:g}s
    tick: {minute:g}s # while something lasts; else it is looked at after a heartbeat
    heartbeat: {period:g}s
    metrics:
      - name: invocations # in {step} minutes of the trace
        period: {period:g}s
        source: {{namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}}
    policies:
      # Each instance serves {mu:.0f} requests in {step} minutes; keep it at {share:.0%} of that.
      - name: keep
        kind: target_tracking
        metric: invocations
        target_value: {target:.0f}
        scale_out: {{datapoints: 1 of 1, tolerance: 0.05}}
        scale_in: {{datapoints: 1 of 1}}
      - name: overload
        kind: step
        metric: invocations
        threshold: {mu:.0f}
        comparison: ">="
        datapoints: 1 of 1
        adjustment: percent_change_in_capacity
        min_adjustment_magnitude: 2
        cooldown: {calm:g}s # by then a whole period was measured on the new instances
        steps:
          - {{from: 0, to: {half:.0f}, percent: 25}}
          - {{from: {half:.0f}, percent: 50}}
    scale_in:
      stabilization_window: {calm:g}s
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy, replay and report; give the exit code."""
    given = _read_arguments(arguments)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if SAM not in os.environ:
        return _complain(f"{SAM} names no SAM command line; `make demo-aws` installs and names one")
    try:
        trace, name = _find_trace(given.trace, given.steps)
        _say_plan(trace, name)
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            deployed(Path(folder), SPEED) as stack,
        ):
            screen.say(f"  sam build {stack.build_s:.0f} s, sam deploy {stack.deploy_s:.0f} s")
            show(stack, Path(folder), trace)
    except (TraceError, RuntimeError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        screen.say("\nStopped; the servers are down.")
        return STOPPED
    return 0


def show(stack: Deployment, folder: Path, trace: Trace) -> None:
    """Apply a config that suits a trace, replay it, and report.

    Args:
        stack: Whose endpoints' server is as fast as the replay, for lead times that fit.
        folder: For the config.
        trace: Whole steps of it are replayed.

    Raises:
        RuntimeError: `flyball` failed; the message is what it said.
    """
    known = [each for each in trace.requests if each is not None]
    mu = max(1.0, max(known, default=1.0) / PEAK_INSTANCES)
    initial = max(2, math.ceil((known[0] if known else 0.0) / mu / COMFORT_RATIO))
    stack.control(do="endpoint", name=NAME, count=initial)
    config = folder / f"{NAME}.yaml"
    config.write_text(write_config(mu), encoding="utf-8")
    _run(stack, folder, "apply", "--config", config.name, "--stack", "flyball", "--yes")
    (target,) = load(config).scalable_targets
    replay, tally = Replay(stack, target, mu), Tally()
    screen.say_heading(f"{'trace':<6} {'requests':>9} {'desired':>8} {'in service':>11}  decided")
    for step in replay.run(trace):
        for minute in step.minutes:
            tally.add(minute)
        for line in tell_step(step, target):
            screen.say(_fit(line))
    _report(stack, folder, replay, tally.score(warm_up_minutes=0), target.price_per_hour)


def write_config(capacity_per_instance: float) -> str:
    """Write a flyball.yaml that suits the requests which an instance serves in a minute."""
    mu = capacity_per_instance * MINUTES_A_STEP
    return CONFIG.format(
        name=NAME,
        most=math.ceil(PEAK_INSTANCES / COMFORT_RATIO * HEADROOM),
        price=PRICE_PER_HOUR,
        lead=LEAD.total_seconds() / SPEED,
        minute=MINUTE.total_seconds(),
        period=PERIOD.total_seconds(),
        step=MINUTES_A_STEP,
        mu=mu,
        share=COMFORT_RATIO,
        target=COMFORT_RATIO * mu,
        half=mu / 2,
        calm=2 * PERIOD.total_seconds(),
    )


def tell_step(step: Step, target: ScalableTarget) -> list[str]:
    """Say what happened in a step: a line, and one more for each further decision of weight."""
    requests = "not known" if step.requests is None else number(round(step.requests))
    head = f"{step.at:%H:%M}  {requests:>9} {step.desired:>8} {step.ready:>11}  "
    told: dict[str, str] = {}
    for record in step.decided:
        decision = record.decision
        if decision.action is not Action.HOLD or record is step.decided[-1]:
            why, limits = tell_why(decision, target)
            told.setdefault(headline(decision), ". ".join([why, *limits]))
    if len(told) > 1:  # a change says more than that it was held afterwards
        told = {what: why for what, why in told.items() if not what.startswith("Hold")}
    alarms = ", ".join(f"{name.split('/', 2)[2]} {state.value}" for name, state in step.rang)
    lines = [f"{plain(what)}: {why}" for what, why in told.items()]
    lines += [f"alarms: {plain(alarms)}"] if alarms else []
    return [
        (" " * len(head) if index else head) + line for index, line in enumerate(lines or ["–"])
    ]


def _fit(line: str) -> str:
    """Cut a line to the terminal's width; the ledger tells all of it afterwards."""
    if not screen.is_terminal():
        return line
    width = screen.terminal().width
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make demo-aws", description="Show Flyball on a local AWS."
    )
    parser.add_argument(
        "--trace", type=Path, metavar="CSV", help="columns timestamp and requests; else a made day"
    )
    parser.add_argument(
        "--steps", type=int, default=STEPS, metavar="N", help=f"of {PERIOD.seconds} s; {STEPS}"
    )
    given = parser.parse_args(arguments)
    if given.steps < 1:
        parser.error(f"--steps: got {given.steps}, expected 1 or more")
    return given


def _find_trace(path: Path | None, steps: int) -> tuple[Trace, str]:
    """Read or make a trace, and take the part around its busiest minute."""
    whole = generate_day(START) if path is None else read_trace(path)
    if len(whole.requests) < MINUTES_A_STEP:
        length, step = (counted(each, "minute") for each in (len(whole.requests), MINUTES_A_STEP))
        raise TraceError(f"{path}: got {length}, expected {step} or more, which are one step")
    name = "the generated day of `flyball demo`" if path is None else plain(path.name)
    return find_busiest(whole, steps * MINUTES_A_STEP), name


def find_busiest(trace: Trace, minutes: int) -> Trace:
    """Take the part around the busiest minute, which is to lie in the first part of it."""
    busiest = max(range(len(trace.requests)), key=lambda each: trace.requests[each] or 0.0)
    last = max(0, len(trace.requests) - minutes)
    first = min(last, max(0, busiest - round(BEFORE_RATIO * minutes)))
    start = trace.start + first * timedelta(minutes=1)
    return Trace(start, trace.requests[first : first + minutes], trace.resolution)


def _say_plan(trace: Trace, name: str) -> None:
    """Say what is shown, and what is otherwise than in AWS."""
    length = duration(timedelta(minutes=len(trace.requests)))
    screen.say_heading(f"{length} of {name}, from {trace.start:%H:%M}, on a local AWS")
    step, lead = counted(MINUTES_A_STEP, "minute"), f"{duration(LEAD)} until a new instance"
    screen.say_facts(
        [
            (
                "time",
                f"{SPEED:g} ×",
                f"{step} of the trace take {PERIOD.seconds} s, one period",
            ),
            ("", "", "of a high-resolution metric: a crowd is seen as late as that"),
            ("SageMaker", "ours", f"is as fast: {lead} take {duration(LEAD / SPEED)}"),
            ("functions", "Lambda", "run on the real clock: durations and instants are of that;"),
            ("", "", "a sum that fell is believed a period later, as on AWS: it may still grow"),
            ("metric", "the show", "sends the requests of each instance that is in service"),
            ("alarms", "the show", "evaluates them and sets their state, since MiniStack does not"),
            ("", "", "evaluate alarms as CloudWatch does; from there on it is the stack's work"),
            ("tick", "the show", "calls the function at each minute of the trace, as the schedule"),
            ("", "", "does at each real minute, here too"),
        ]
    )
    screen.say_heading("Building and deploying the template, in about half a minute")


def _run(stack: Deployment, folder: Path, *words: str) -> None:
    """Run a command of Flyball against the stack, and show it with what it says."""
    done = stack.flyball(*words, cwd=folder)
    screen.say_heading(f"$ {shlex.join(('flyball', *words))}")
    screen.say(done.stdout.rstrip())
    if done.returncode:
        raise RuntimeError(f"flyball {words[0]}: exit code {done.returncode}: {done.stderr}")


def _report(
    stack: Deployment, folder: Path, replay: Replay, score: Marks, price_per_hour: float | None
) -> None:
    """Ask the ledger what happened and why, and say how good it was."""
    ledger = ("--ledger", stack.ledger_url)
    _run(stack, folder, "ledger", "list", *ledger, "--changes-only")
    if replay.changes:
        greatest = max(replay.changes, key=lambda each: _grow(each.record.decision))
        _run(stack, folder, "explain", greatest.row_id, *ledger)
    _run(stack, folder, "ledger", "verify", *ledger)
    _run(stack, folder, "ledger", "replay", *ledger)
    screen.say_heading(f"{duration(timedelta(minutes=score.slots))} of the trace, its busiest")
    took = sorted(each.took.total_seconds() for each in replay.changes if each.took is not None)
    woken = f"{len(took):,} woken by an alarm, the others by a tick while something lasted"
    back = f"{counted(score.reversals, 'reversal')} within 30 min of the trace"
    facts = [
        ("changes", number(score.changes), f"{woken}; {back}"),
        *tell_score(score, price_per_hour)[1:],
    ]
    if took:
        said = "until SageMaker took the change, the median; real time, without AWS's own delays"
        facts.append(("alarm", f"{median(took):.2f} s", said))
    if replay.late > MINUTE / 2:
        facts.append(("machine", f"{replay.late.total_seconds():.1f} s", "behind at its slowest"))
    screen.say_facts(facts)
    screen.say("\nThe ledger goes with the servers, which are ended now.")


def _grow(decision: Decision) -> int:
    return decision.desired - (decision.current or 0)


def _complain(text: str) -> int:
    print(f"demo-aws: {text}", file=sys.stderr)  # noqa: T201  (the terminal is who asked)
    return 2


if __name__ == "__main__":
    sys.exit(main())
