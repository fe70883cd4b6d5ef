"""What may a deployed function do, and for the sake of which calls?

A permission is here because a method that an adapter calls needs it, and for nothing else: a test
lets the adapters make all of their calls and holds the two against each other.

Source: Google Cloud, "IAM permissions reference"; the methods are those of the discovery documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

READING: Mapping[str, tuple[str, ...]] = {
    "aiplatform.projects.locations.endpoints.get": ("aiplatform.endpoints.get",),
    "aiplatform.projects.locations.endpoints.operations.get": ("aiplatform.operations.list",),
    "aiplatform.projects.locations.endpoints.operations.list": ("aiplatform.operations.list",),
    "aiplatform.projects.locations.deploymentResourcePools.get": (
        "aiplatform.deploymentResourcePools.get",
    ),
    "aiplatform.projects.locations.deploymentResourcePools.operations.get": (
        "aiplatform.operations.list",
    ),
    "aiplatform.projects.locations.deploymentResourcePools.operations.list": (
        "aiplatform.operations.list",
    ),
    "monitoring.projects.timeSeries.list": ("monitoring.timeSeries.list",),
}
"""What both functions read in order to decide. That who may list operations may read one is a
guess: published roles have no other right of operations."""
SCALING: Mapping[str, tuple[str, ...]] = {
    "aiplatform.projects.locations.endpoints.mutateDeployedModel": ("aiplatform.endpoints.deploy",),
    "aiplatform.projects.locations.deploymentResourcePools.patch": (
        "aiplatform.deploymentResourcePools.update",
    ),
}
"""What changes a capacity; a deployment that only advises has no such right."""
PLATFORM_READING: Mapping[str, tuple[str, ...]] = {
    "ml.projects.models.versions.get": ("ml.versions.get",),
}
PLATFORM_SCALING: Mapping[str, tuple[str, ...]] = {
    "ml.projects.models.versions.patch": ("ml.versions.update",),
}
"""The same of AI Platform Prediction. Google has retired it, and a role with a permission that is
not known any more cannot be made: so these are roles of their own, for who asks for them."""
REMEMBERING: Mapping[str, tuple[str, ...]] = {
    "firestore.projects.databases.documents.batchGet": ("datastore.entities.get",),
    "firestore.projects.databases.documents.commit": (
        "datastore.entities.create",
        "datastore.entities.update",
    ),
    "firestore.projects.databases.documents.runQuery": (
        "datastore.entities.get",
        "datastore.entities.list",
    ),
}
"""The ledger, in the one database: nothing of it is ever deleted by a function."""


class Role(NamedTuple):
    """A custom role.

    Attributes:
        id: Without the deployment's name.
        title: For people.
        methods: With the permissions that each needs.
    """

    id: str
    title: str
    methods: Mapping[str, tuple[str, ...]]

    @property
    def permissions(self) -> tuple[str, ...]:
        """List them once each, sorted."""
        return tuple(sorted({each for needed in self.methods.values() for each in needed}))


DECIDE = Role("decide", "read capacity and metrics", READING)
SCALE = Role("scale", "set ranges of replicas and nodes", SCALING)
REMEMBER = Role("remember", "read and append to the ledger", REMEMBERING)
PLATFORM_DECIDE = Role("decide_platform", "read nodes of AI Platform", PLATFORM_READING)
PLATFORM_SCALE = Role("scale_platform", "set nodes of AI Platform", PLATFORM_SCALING)
ROLES = (DECIDE, SCALE, REMEMBER)
PLATFORM_ROLES = (PLATFORM_DECIDE, PLATFORM_SCALE)
