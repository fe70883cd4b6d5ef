"""Does each resource bear the tag without which a stack's functions may not scale it?

Source: Service Authorization Reference, "aws:ResourceTag/${TagKey}", of Amazon SageMaker and Amazon
EC2 Auto Scaling; IAM User Guide, "Condition": of such a key the case does not matter, of its value
it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flyball.adapters.aws.answer import Answer, read_list, read_text
from flyball.adapters.aws.auto_scaling_group import fetch_groups
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.component import fetch_component
from flyball.adapters.aws.handover import pages
from flyball.adapters.aws.refusal import tell
from flyball.adapters.aws.resource import Component, Group, Variant, read_resource
from flyball.adapters.aws.sagemaker import fetch_endpoint
from flyball.core.target import Mode, ScalableTarget

TAG = "flyball"
"""The tag that the template's parameter ResourceTag is a value of."""
AT_ONCE = 8

Place = str | Component | Group
"""What bears tags: an endpoint, by its name, or what is scaled itself."""
Found = Sequence[Answer] | Exception
"""Its tags, or why they cannot be read."""


def find_bare(clients: Clients, targets: Sequence[ScalableTarget], value: str) -> dict[str, str]:
    """Find what the functions may not scale for want of a tag, and say why, by scalable target.

    Args:
        clients: The account's.
        targets: On resources of AWS's; those that only advise need no tag.
        value: What the tag must be; "": none is asked for, and nothing is read.
    """
    if not value:
        return {}
    places = {each.id: _find_place(each) for each in targets if each.mode is Mode.APPLY}
    groups = [each for each in dict.fromkeys(places.values()) if isinstance(each, Group)]
    others = [each for each in dict.fromkeys(places.values()) if not isinstance(each, Group)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = list(pool.map(partial(_read_tags, clients), others))
    found = _read_groups(clients, groups)
    found.update(zip(others, read, strict=True))
    said = {name: _tell(found[place], value) for name, place in places.items() if place in found}
    return {name: why for name, why in said.items() if why}


def _find_place(target: ScalableTarget) -> Place:
    resource = read_resource(target.resource)
    return resource.endpoint if isinstance(resource, Variant) else resource


def _read_groups(clients: Clients, groups: Sequence[Group]) -> dict[Place, Found]:
    """Read the tags of groups; of one that is not there nothing is said."""
    try:
        found = fetch_groups(clients, [each.auto_scaling_group for each in groups])
    except Exception as error:  # noqa: BLE001  (whatever it is, nobody knows)
        return dict.fromkeys(groups, error)
    names = {each.auto_scaling_group: each for each in groups}
    return {names[name]: read_list(group, "Tags") for name, group in found.items()}


def _read_tags(clients: Clients, place: str | Component) -> Found:
    try:
        if isinstance(place, Component):
            shown = fetch_component(clients, place.inference_component)
            arn = read_text(shown, "InferenceComponentArn")
        else:
            arn = read_text(fetch_endpoint(clients, place), "EndpointArn")
        return list(pages(clients.get("sagemaker").list_tags, "Tags", ResourceArn=arn))
    except Exception as error:  # noqa: BLE001  (likewise)
        return error


def _tell(found: Found, value: str) -> str:
    """Say why a resource may not be scaled; "" if it may."""
    wanted = f"the tag {TAG}={value} (the stack's ResourceTag)"
    if isinstance(found, Exception):
        return f"whether it bears {wanted} cannot be read: {tell(found)}"
    if [each["Value"] for each in found if _is_ours(each)] == [value]:
        return ""
    return f"it does not bear {wanted}, so its functions may not scale it"


def _is_ours(tag: Mapping[str, object]) -> bool:
    return str(tag.get("Key")).lower() == TAG
