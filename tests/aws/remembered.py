"""What does CloudWatch remember in these tests, and how is a run asked to look there?"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import pytest

from tests.aws.overheard import ACCOUNT, Wire, tap
from tests.aws.rig import CREDENTIALS
from tests.unit.cli.commands import Done, flyball

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONFIG = """
version: 1
defaults: {home: aws, mode: advise}
scalable_targets:
  - id: chat
    resource: {endpoint: chat, variant: AllTraffic}
    min_capacity: 1
    max_capacity: 40
    metrics:
      - name: calls
        source: {namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 40}]
"""
LOCAL = """
  - id: here
    home: local
    min_capacity: 1
    max_capacity: 4
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 40}]
"""


def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder with a config, with credentials that nobody checks."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.yaml").write_text(CONFIG)
    return tmp_path


def answer_all(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Answer in place of AWS: 60 requests an hour reach two instances, which always report."""
    monkeypatch.setattr("flyball.sim.pulled.WAITS_S", ())  # who is throttled is so at once
    made = tap(monkeypatch)
    made.answer("GetCallerIdentity", {"Account": ACCOUNT})
    made.answers["GetMetricData"] = Busy().answer
    return made


class Http(NamedTuple):
    """All that the client looks at of a response that was not sent."""

    status_code: int


class Busy:
    """A service that has the same to say of every period.

    Attributes:
        values: By a metric's name, its value in a minute; None: it has no datapoint.
        page: Values on a page at most.
        fails: After so many calls each is refused.
        status: Of each result.
    """

    def __init__(self, **values: float | None) -> None:
        self.values = {
            "Invocations": 1.0,
            "InvocationsPerInstance": 0.5,
            "CPUUtilization": 1.0,
            **values,
        }
        self.page = 100_000
        self.fails: int | None = None
        self._lock = Lock()
        self.status = "Complete"

    def answer(self, given: Mapping[str, Any]) -> Any:
        """Answer GetMetricData."""
        with self._lock:
            if self.fails is not None:
                self.fails -= 1
                if self.fails < 0:
                    error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
                    return Http(400), {"Error": error, "ResponseMetadata": {}}
        begun = int(given.get("NextToken") or 0)
        results, goes_on = [], False
        for query in given["MetricDataQueries"]:
            stat = query["MetricStat"]
            period = timedelta(seconds=stat["Period"])
            count = (given["EndTime"] - given["StartTime"]) // period
            ats = [given["StartTime"] + index * period for index in range(count)]
            value = self.values[stat["Metric"]["MetricName"]]
            here = [] if value is None else ats[begun : begun + self.page]
            goes_on |= value is not None and begun + self.page < count
            each = (value or 0.0) * (period / MINUTE)
            line = {"Id": query["Id"], "Timestamps": here, "Values": [each] * len(here)}
            results.append({**line, "StatusCode": "PartialData" if goes_on else self.status})
        page: dict[str, Any] = {"MetricDataResults": results}
        if goes_on:
            page["NextToken"] = str(begun + self.page)
        return Http(200), page


def run(*options: object) -> Done:
    """Backtest what CloudWatch remembers."""
    call = ("backtest", "--config", "f.yaml", "--from", "cloudwatch", "--against", "", "--json")
    return flyball(*call, *options)


def read(done: Done) -> list[dict[str, str]]:
    """Read the trace that a run says it has kept."""
    path = done.err.strip().rpartition("=")[2]
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def days_ago(count: float) -> datetime:
    """Give a midnight: 0 days ago is the last one that is settled."""
    settled = datetime.now(UTC) - 15 * MINUTE
    return settled.replace(hour=0, minute=0, second=0, microsecond=0) - count * DAY
