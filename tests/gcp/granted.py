"""How do Resource Manager and Cloud Monitoring's lists answer who asks what there is?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.gcp.discovery import Json, Method
from tests.gcp.serving import RefusalError

WAITING = "pubsub.googleapis.com/subscription/num_undelivered_messages"
PART = re.compile(r'([a-z_.]+) = (?:starts_with\()?"([^"]*)"')


@dataclass
class Permissions:
    """Resource Manager, of which only the test of permissions is here.

    Attributes:
        lacking: What is not granted, in any project.
        asked: What was asked about, by project.
    """

    lacking: set[str] = field(default_factory=set)
    asked: dict[str, list[str]] = field(default_factory=dict)
    documents: tuple[str, ...] = ("cloudresourcemanager.v1",)

    def answer(self, method: Method, _: Mapping[str, str], body: Json) -> Json:
        """Answer which of the permissions are granted; of none the list is left out."""
        if method.name != "projects.testIamPermissions":
            raise RefusalError("NOT_FOUND", f"{method.name} is not served here")
        self.asked[method.path["resource"]] = body["permissions"]
        granted = [each for each in body["permissions"] if each not in self.lacking]
        return {"permissions": granted} if granted else {}


@dataclass
class Listed:
    """Cloud Monitoring, of which only what there is is told.

    Attributes:
        types: Metric types: kind, type of a value, unit.
        series: Of a metric type, labels by path.
        channels: Notification channels, by whole name.
        waiting: Messages in the quarantine; None: nobody counts them.
    """

    types: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    series: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    channels: dict[str, Json] = field(default_factory=dict)
    waiting: int | None = 0
    documents: tuple[str, ...] = ("monitoring.v3",)

    def add_channel(self, project: str, topic: str = "flyball-alerts") -> Json:
        """Put the deployment's notification channel there."""
        name = f"projects/{project}/notificationChannels/17"
        made = {"name": name, "type": "pubsub", "enabled": True}
        self.channels[name] = {**made, "labels": {"topic": f"projects/{project}/topics/{topic}"}}
        return self.channels[name]

    def answer(self, method: Method, query: Mapping[str, str], _: Json) -> Json:
        """Answer a list of metric types, or of series; only of the quarantine's with values."""
        if method.name == "projects.notificationChannels.get":
            name = "projects/{projectsId}/notificationChannels/{notificationChannelsId}"
            there = self.channels.get(name.format(**method.path))
            if there is None:
                raise RefusalError("NOT_FOUND", "Could not find the notification channel.")
            return there
        wanted = dict(PART.findall(query["filter"]))
        if method.name == "projects.metricDescriptors.list":
            return self._list_types(wanted["metric.type"], "starts_with" in query["filter"])
        if method.name != "projects.timeSeries.list":
            raise RefusalError("NOT_FOUND", f"{method.name} is not served here")
        kind = wanted.pop("metric.type")
        wanted.pop("resource.type", None)
        if kind == WAITING:
            assert wanted == {"resource.labels.subscription_id": "flyball-quarantine"}
            return self._count(kind)
        found = [
            labels
            for each, labels in self.series
            if each == kind and wanted.items() <= dict(labels).items()
        ]
        return {"timeSeries": [self._write(kind, labels) for labels in found]} if found else {}

    def _count(self, kind: str) -> Json:
        """Tell how many messages wait, newest first."""
        if self.waiting is None:
            return {}
        points = [{"value": {"int64Value": str(count)}} for count in (self.waiting, 99)]
        return {"timeSeries": [{"metric": {"type": kind}, "points": points}]}

    def _list_types(self, name: str, is_prefix: bool) -> Json:
        found = [
            {"type": each, "metricKind": kind, "valueType": value, "unit": unit}
            for each, (kind, value, unit) in self.types.items()
            if each == name or (is_prefix and each.startswith(name))
        ]
        return {"metricDescriptors": found} if found else {}

    def _write(self, kind: str, labels: Mapping[str, str]) -> Json:
        told: dict[str, Any] = {"metric": {"type": kind, "labels": {}}, "resource": {"labels": {}}}
        for path, value in labels.items():
            of, _, name = path.split(".", 2)
            told[of]["labels"][name] = value
        return told
