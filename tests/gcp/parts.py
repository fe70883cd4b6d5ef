"""What do Google's services tell of a deployment of Flyball that stands and works, or does not?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.gcp.discovery import Json, Method
from tests.gcp.serving import RefusalError

REGION = "europe-west4"
ACCOUNT = "flyball-scheduler@acme.iam.gserviceaccount.com"


@dataclass
class Parts:
    """Functions, their services, a job and a topic, all of them well.

    Attributes:
        project: Whose.
        database: The ledger's.
        functions: By name; without one it is not deployed.
        services: On Cloud Run, by the function's name: the state of each.
        job: Of every minute; None: it is not there.
        topics: Last parts.
    """

    project: str
    database: str = "(default)"
    functions: dict[str, Json] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    job: Json | None = None
    topics: set[str] = field(default_factory=lambda: {"flyball-alerts"})
    documents: tuple[str, ...] = ("cloudfunctions.v2", "run.v2", "cloudscheduler.v1", "pubsub.v1")

    def __post_init__(self) -> None:
        place = f"projects/{self.project}/locations/{REGION}"
        for name, entry in (("flyball-alert", "on_alert"), ("flyball-tick", "on_tick")):
            self.functions[name] = {
                "name": f"{place}/functions/{name}",
                "state": "ACTIVE",
                "buildConfig": {"entryPoint": entry},
                "serviceConfig": {
                    "service": f"{place}/services/{name}",
                    "environmentVariables": self.variables(),
                },
            }
            self.services[name] = "CONDITION_SUCCEEDED"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.job = {
            "name": f"{place}/jobs/flyball-tick",
            "state": "ENABLED",
            "schedule": "* * * * *",
            "lastAttemptTime": now,
            "status": {},
        }

    def variables(self) -> dict[str, str]:
        """List what the functions see."""
        return {
            "FLYBALL_GCP_PROJECT": self.project,
            "FLYBALL_GCP_REGION": REGION,
            "FLYBALL_FIRESTORE_DATABASE": self.database,
            "FLYBALL_DEAD_TOPIC": "flyball-quarantine",
            "FLYBALL_ALERT_CHANNEL": f"projects/{self.project}/notificationChannels/17",
            "FLYBALL_TICK_AUDIENCE": "https://flyball-tick-1.europe-west4.run.app",
            "FLYBALL_TICK_ACCOUNT": ACCOUNT,
            "FLYBALL_ALARM_PREFIX": "flyball",
            "FLYBALL_MODE": "apply",
        }

    def see(self, **variables: str) -> None:
        """Let both functions see other variables."""
        for function in self.functions.values():
            function["serviceConfig"]["environmentVariables"] |= variables

    def answer(self, method: Method, query: Mapping[str, str], _: Json) -> Json:
        """Answer a list of functions, or what one part is."""
        name = f"{method.document.partition('.')[0]}.{method.name}"
        path = method.path
        match name:
            case "cloudfunctions.projects.locations.functions.list":
                assert path["locationsId"] == "-"
                is_here = path["projectsId"] == self.project
                return self._list(int(query.get("pageToken", "0"))) if is_here else {}
            case "run.projects.locations.services.get":
                return self._tell_service(path["servicesId"])
            case "cloudscheduler.projects.locations.jobs.get":
                if self.job is not None and path["locationsId"] == REGION:
                    return self.job
            case "pubsub.projects.topics.get":
                if path["topicsId"] in self.topics:
                    return {"name": f"projects/{self.project}/topics/{path['topicsId']}"}
        raise RefusalError("NOT_FOUND", f"{name} {path} was not found.")

    def _list(self, start: int) -> Json:
        """List one function on a page."""
        listed = list(self.functions.values())
        told: dict[str, Any] = {"functions": listed[start : start + 1]}
        return {**told, "nextPageToken": str(start + 1)} if start + 1 < len(listed) else told

    def _tell_service(self, name: str) -> Json:
        if name not in self.services:
            raise RefusalError("NOT_FOUND", f"Resource {name} of kind 'SERVICE' does not exist.")
        condition = {"type": "Ready", "state": self.services[name]}
        if self.services[name] == "CONDITION_FAILED":
            condition["message"] = "The user-provided container failed to start."
        return {"terminalCondition": condition}
