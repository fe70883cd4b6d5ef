"""How long is a cold start until the first decision, beside only making the same clients?

    make bench-cold

Both run under Lambda's own runtime, one after the other, in one run: our function on what
`sam build` built, up to the answer to an alarm that is decided; and a handler that imports plain
boto3 and makes the clients that ours made. What is printed is a ratio of medians.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import boto3

from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.config import compile_config, loads
from tests.aws.deployment import build
from tests.aws.emulator import emulated, runtime_client
from tests.aws.rig import CREDENTIALS, create_tables, serve, start_ministack

ROUNDS = 9
WARM = 200
SERVICES = ("sagemaker", "dynamodb", "cloudwatch", "application-autoscaling")
PLAIN = f"""
import boto3

session = boto3.session.Session()
clients = [session.client(service) for service in {SERVICES}]

def handler(event, context):
    return len(clients)
"""
CONFIG = """
version: 1
scalable_targets:
  - id: churn
    home: aws
    resource: {endpoint: churn, variant: blue}
    min_capacity: 1
    max_capacity: 9
    metrics:
      - name: calls
        source: {namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}
    policies:
      - {name: track, kind: target_tracking, metric: calls, target_value: 100}
"""


def own_message() -> dict[str, object]:
    """Make the queue's message that wakes the target."""
    at = datetime.now(UTC).isoformat()
    body = json.dumps({"flyball": "wake", "scalable_target_ids": ["churn"], "at": at})
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": body,
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:wakes",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def main() -> int:
    """Measure, and print the ratio."""
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "build", folder)
        aws = start_ministack(folder / "ministack")
        command = [sys.executable, "-m", "tests.aws.sagemaker", "--port", "{port}"]
        root = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        sagemaker = serve("sagemaker", folder / "sagemaker", command, root, "/_calls")
        try:
            measure(folder, aws.url, sagemaker.url)
        finally:
            aws.stop()
            sagemaker.stop()
    return 0


def measure(folder: Path, aws: str, sagemaker: str) -> None:
    """Start both, again and again, in turn."""
    dynamodb = boto3.client("dynamodb", endpoint_url=aws)
    create_tables(dynamodb, "targets", "ledger")
    ledger = DynamoLedger(dynamodb, targets="targets", ledger="ledger")
    (compiled,) = compile_config(loads(CONFIG, "flyball.yaml"))
    elsewhere = {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker,
        "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": sagemaker,
    }
    ours = {
        **elsewhere,
        "FLYBALL_TARGETS_TABLE": "targets",
        "FLYBALL_LEDGER_TABLE": "ledger",
        "FLYBALL_WAKES_QUEUE_URL": f"{aws}/000000000000/wakes",
        "FLYBALL_DEAD_QUEUE_URL": f"{aws}/000000000000/dead",
        "POWERTOOLS_SERVICE_NAME": "flyball",
    }
    plain = folder / "plain"
    plain.mkdir()
    (plain / "plain.py").write_text(PLAIN)
    site = str(Path(boto3.__file__).resolve().parents[1])
    theirs = {**elsewhere, "PYTHONPATH": os.pathsep.join([str(plain), site, *runtime_client()])}
    cold: dict[str, list[float]] = {"plain": [], "ours": []}
    warm: list[float] = []
    for turn in range(ROUNDS):
        with emulated(plain, "plain.handler", folder / f"plain-{turn}", theirs) as function:
            cold["plain"].append(function.invoke({}).took_s)
        ledger.register(
            compiled.id, compiled.config, f"{compiled.config_hash[:-2]}{turn:02}", _now()
        )
        with emulated(folder / "build", "wake.handler", folder / f"ours-{turn}", ours) as function:
            cold["ours"].append(function.invoke(own_message()).took_s)
            if turn == ROUNDS - 1:
                warm = [function.invoke(own_message()).took_s for _ in range(WARM)]
    decided = ledger.status(compiled.id).sequence - ROUNDS
    assert decided >= ROUNDS, f"only {decided} decisions in {ROUNDS} cold starts"
    report(cold, warm)


def _now() -> datetime:
    return datetime.now(UTC)


def report(cold: dict[str, list[float]], warm: list[float]) -> None:
    """Print the medians and their ratio."""
    middle = {name: statistics.median(each) for name, each in cold.items()}
    print(f"cold, median of {ROUNDS}, up to the answer to the first event:")
    print(f"  {middle['plain'] * 1e3:6.0f} ms  plain boto3 making {', '.join(SERVICES)}")
    print(f"  {middle['ours'] * 1e3:6.0f} ms  wake, with a decision that is in the ledger")
    print(f"  ratio {middle['ours'] / middle['plain']:.2f} (goal: at most 1.0)")
    print(f"warm, median of {WARM}: {statistics.median(warm) * 1e3:.1f} ms a message that finds")
    print("  nothing due, two writes to a local DynamoDB included")


if __name__ == "__main__":
    start = time.monotonic()
    status = main()
    print(f"in {time.monotonic() - start:.0f} s")
    sys.exit(status)
