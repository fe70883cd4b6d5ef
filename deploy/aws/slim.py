"""How small can the SDK be that a function carries: only the calls that we make?

botocore describes every service of AWS in JSON, 27 MB of it packed, and reads a service's whole
file when its client is made. What stays is the operations named here with the shapes that they
reach, without documentation, unpacked: so a client is made in a fraction of the time. A call that
is not named here fails on the first try; what the roles allow is held to this list by a test.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "application-autoscaling": ("DescribeScalableTargets",),
    "autoscaling": (
        "DescribeAutoScalingGroups",
        "DescribePolicies",
        "DescribeScalingActivities",
        "DescribeScheduledActions",
        "SetDesiredCapacity",
    ),
    "cloudwatch": ("DescribeAlarms", "GetMetricData"),
    "dynamodb": (
        "DescribeTable",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
    ),
    "sagemaker": (
        "DescribeEndpoint",
        "DescribeInferenceComponent",
        "UpdateEndpointWeightsAndCapacities",
        "UpdateInferenceComponentRuntimeConfig",
    ),
    "sqs": ("SendMessage", "SendMessageBatch"),
}
"""By service, what a function calls."""
SHARED = ("endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json")
"""Files of botocore's data that belong to no service."""


def slim(data: Path) -> None:
    """Cut botocore's data folder down to what the functions call, in place.

    Args:
        data: botocore/data.

    Raises:
        KeyError: An operation is not in the service's model: it is misspelt, or was renamed.
    """
    for entry in sorted(data.iterdir()):
        if entry.name.startswith("endpoints.json"):
            _rewrite(entry, _keep_endpoints)
        elif entry.name in OPERATIONS:
            _slim_service(entry, OPERATIONS[entry.name])
        elif entry.name not in SHARED and entry.name not in {f"{name}.gz" for name in SHARED}:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _slim_service(folder: Path, operations: tuple[str, ...]) -> None:
    """Keep the newest version of a service, and of it what is called."""
    versions = sorted(each for each in folder.iterdir() if each.is_dir())
    for old in versions[:-1]:
        shutil.rmtree(old)
    for file in sorted(versions[-1].iterdir()):
        kind = file.name.partition("-")[0]
        if kind == "service":
            _rewrite(file, lambda model: cut_model(model, operations))
        elif kind == "endpoint":
            _rewrite(file, lambda rules: rules)
        elif kind == "paginators":
            _rewrite(file, lambda found: _keep_pages(found, operations))
        else:
            file.unlink()


def cut_model(model: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    """Keep these operations and the shapes that they reach; drop what is only for people."""
    kept = {name: model["operations"][name] for name in operations}
    needed: set[str] = set()
    wanted = [shape for operation in kept.values() for shape in _find_shapes(operation)]
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed.add(name)
            wanted += _find_shapes(model["shapes"][name])
    shapes = {name: model["shapes"][name] for name in sorted(needed)}
    cut: dict[str, Any] = _without_words({**model, "operations": kept, "shapes": shapes})
    return cut


def _find_shapes(node: object) -> Iterator[str]:
    """Find the names of shapes that a part of a model refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _find_shapes(value)
    elif isinstance(node, list):
        for item in node:
            yield from _find_shapes(item)


def _without_words(node: Any) -> Any:  # noqa: ANN401  (any part of a JSON document)
    if isinstance(node, dict):
        return {
            key: _without_words(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    return [_without_words(item) for item in node] if isinstance(node, list) else node


def _keep_endpoints(found: dict[str, Any]) -> dict[str, Any]:
    """Keep the regions' lists of the services that are called, under the names used there."""
    names = {*OPERATIONS, "api.sagemaker", "monitoring"}
    for partition in found["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in names}
    return found


def _keep_pages(found: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    pages = {name: page for name, page in found.get("pagination", {}).items() if name in operations}
    return {"pagination": pages}


def _rewrite(file: Path, change: Any) -> None:  # noqa: ANN401  (a function of a JSON document)
    """Change a JSON file, packed or not, and leave it unpacked."""
    packed = file.suffix == ".gz"
    text = gzip.decompress(file.read_bytes()) if packed else file.read_bytes()
    file.unlink()
    out = file.with_suffix("") if packed else file
    out.write_text(json.dumps(change(json.loads(text)), separators=(",", ":")), encoding="utf-8")
