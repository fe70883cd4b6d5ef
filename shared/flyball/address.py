"""Has a resource the shape of one in its cloud, as far as can be said without asking there?

Source: Vertex AI API, projects.locations.endpoints.create (endpointId), DeployedModel.id and
CreateDeploymentResourcePoolRequest; Resource Manager API, Project.projectId; SageMaker API
Reference, EndpointName, VariantName and InferenceComponentName.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from flyball.core.shape import NamedTuple

V1, BETA = "v1", "v1beta1"
API_VERSIONS = (V1, BETA)
"""Of Vertex AI; only by v1beta1 may a deployed model go to zero."""
_PLACES = {
    "africa": "south1",
    "asia": "east1 east2 northeast1 northeast2 northeast3 south1 south2 southeast1 southeast2",
    "australia": "southeast1 southeast2",
    "europe": "central2 north1 southwest1 west1 west2 west3 west4 west6 west8 west9 west12",
    "me": "central1 central2 west1",
    "northamerica": "northeast1 northeast2",
    "southamerica": "east1 west1",
    "us": "central1 east1 east4 east5 south1 west1 west2 west3 west4",
}
REGIONS = tuple(f"{area}-{each}" for area, names in _PLACES.items() for each in names.split())
"""Google's, to say which one is meant; there may be others by now."""
PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z0-9]([a-z0-9-]*[a-z0-9])?")
REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"[0-9]+")
_TITLED = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_ENDPOINT = re.compile(r"[0-9]+|[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SAGEMAKER = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
_GROUP = re.compile(r"[\x20-\x39\x3b-\x7e]{1,255}")
_ZONE = re.compile(rf"({REGION.pattern})-[a-z]")
_ALIKE = 0.6


class Fault(NamedTuple):
    """Something wrong with a resource.

    Attributes:
        key: Of the resource; "": it is the whole.
        text: What was found, and what was expected.
        remedy: What to do; "": the text says it.
        unknown: There is no such key.
    """

    key: str
    text: str
    remedy: str = ""
    unknown: bool = False

    def __str__(self) -> str:
        where = f"resource.{self.key}" if self.key else "resource"
        return f"{where}: {self.text}" + (f"; {self.remedy}" if self.remedy else "")


class Form(NamedTuple):
    """A kind of resource.

    Attributes:
        what: It is, in words.
        needed: Its keys.
        more: Keys that it may have.
        own: Of all of these, those that no other kind has.
    """

    what: str
    needed: tuple[str, ...]
    more: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


class Word(NamedTuple):
    """What a value may be, in a pattern and in words, and what to do where it is something else."""

    pattern: re.Pattern[str]
    expected: str
    remedy: str = "correct it"


class Kinds(NamedTuple):
    """The kinds of resources of a cloud.

    Attributes:
        forms: Of which a resource is one.
        words: By key, what its value may be.
        expected: All forms in a sentence.
        elsewhere: By a key that is none here, what to do.
    """

    forms: Sequence[Form]
    words: Mapping[str, Word]
    expected: str
    elsewhere: Mapping[str, str] = MappingProxyType({})


_TITLE = "a display name is not an id: `gcloud ai endpoints list` shows both"
_ANY = Word(_NAME, "letters, digits, '.', '_' and '-'")
GOOGLE = Kinds(
    (
        Form(
            "a model on an endpoint",
            ("project", "location", "endpoint"),
            ("deployed_model", "model", "api_version", "initial_replicas"),
            ("endpoint", "deployed_model", "api_version", "initial_replicas"),
        ),
        Form(
            "a pool",
            ("project", "location", "deployment_resource_pool"),
            (),
            ("deployment_resource_pool",),
        ),
        Form(
            "a version on AI Platform",
            ("project", "model", "version"),
            ("location",),
            ("model", "version"),
        ),
    ),
    {
        "project": Word(
            PROJECT,
            "a project's id or number",
            "a display name is not an id: `gcloud projects list` shows both",
        ),
        "location": Word(REGION, "a region, such as europe-west4"),
        "endpoint": Word(_ENDPOINT, "an endpoint's id, which is a number as a rule", _TITLE),
        "deployed_model": Word(
            _NUMBER,
            "a deployed model's id, which is a number",
            "a display name is not an id: `gcloud ai endpoints describe` shows both",
        ),
        "deployment_resource_pool": _ANY,
        "model": Word(_TITLED, "a model's id, its full name or what is shown of it"),
        "initial_replicas": Word(_NUMBER, "a number of replicas, at least 1", "write 1 or more"),
        "version": _ANY,
    },
    "project, location and endpoint (with model or deployed_model where the endpoint has several, "
    "and api_version: v1beta1 for scale to zero); project, location, deployment_resource_pool; "
    "or project, model and version (with location where it is on a regional endpoint)",
    {
        "region": "write location",
        "zone": "write location, with the region",
        "endpoint_id": "write endpoint",
        "endpoint_name": "write endpoint, with its id: a display name is not an id",
        "variant": "that is AWS's; write deployed_model, with its id",
        "pool": "write deployment_resource_pool",
    },
)
_SAGE = Word(_SAGEMAKER, "1 to 63 letters and digits, with '-' between them")
AMAZON = Kinds(
    (
        Form("a variant", ("endpoint", "variant"), (), ("variant",)),
        Form(
            "an inference component",
            ("inference_component",),
            ("endpoint",),
            ("inference_component",),
        ),
        Form("a group", ("auto_scaling_group",), (), ("auto_scaling_group",)),
    ),
    {
        "endpoint": _SAGE,
        "variant": _SAGE,
        "inference_component": _SAGE,
        "auto_scaling_group": Word(_GROUP, "up to 255 printable characters without ':'"),
    },
    "endpoint with variant, inference_component, or auto_scaling_group",
    {
        "region": "leave it out: --region, or AWS's configuration, says it",
        "project": "that is Google's; leave it out",
        "location": "that is Google's; leave it out",
    },
)


def check_google(resource: Mapping[str, str]) -> Iterator[Fault]:
    """Name what is wrong with a resource on Google Cloud, by the keys of flyball.yaml."""
    yield from _check(resource, GOOGLE)
    model = resource.get("model", "")
    if model and resource.get("deployed_model"):
        text = f"got {model!r} beside deployed_model, expected one of them"
        yield Fault("model", text, "keep model: a deployed model's id is another after a redeploy")
    if model and resource.get("version") and not _NAME.fullmatch(model):
        text = f"got {model!r}, expected {_ANY.expected}"
        yield Fault("model", text, _mend("model", model, _ANY))
    if resource.get("initial_replicas") and not resource["initial_replicas"].strip("0"):
        yield Fault("initial_replicas", "got 0, expected at least 1", "leave it out for 1")
    version = resource.get("api_version") or V1
    if version not in API_VERSIONS:
        text = f"got {version!r}, expected {' or '.join(API_VERSIONS)}"
        yield Fault("api_version", text)


def check_amazon(resource: Mapping[str, str]) -> Iterator[Fault]:
    """Name what is wrong with a resource on AWS, by the keys of flyball.yaml."""
    yield from _check(resource, AMAZON)


def check_google_words(given: Mapping[str, str]) -> Iterator[Fault]:
    """Name which of these values are none, by the same keys, whatever they are of."""
    yield from _check_words(given, GOOGLE)


def doubt_google(resource: Mapping[str, str]) -> Iterator[Fault]:
    """Name what is possible in a resource on Google Cloud, and probably not meant."""
    location = resource.get("location", "")
    if location and location not in REGIONS:
        text = f"{location} is none of the regions that Flyball knows of"
        yield Fault("location", text, _guess(location, REGIONS) or "is it a new one?")
    endpoint = resource.get("endpoint", "")
    if endpoint and not endpoint.isdecimal():
        text = f"{endpoint!r} is no number, as endpoints' ids are unless somebody chose another"
        yield Fault("endpoint", text, _TITLE)


def find_kept(resource: Mapping[str, str]) -> tuple[str, str] | None:
    """Say why Google keeps 1 where 0 is asked for, and what to do; None: 0 can be had.

    Source: Vertex AI API, DedicatedResources; only v1beta1 has initialReplicaCount. AI Platform
    Training & Prediction API, AutoScaling.minNodes.
    """
    if "deployment_resource_pool" in resource:
        return "a deployment resource pool cannot go to zero", "set min_capacity: 1"
    if "version" in resource:
        why = "on AI Platform only machine types that begin with mls1- went to zero"
        return why, "set min_capacity: 1"
    if "endpoint" in resource and resource.get("api_version") != BETA:
        remedy = f"add `api_version: {BETA}` to resource, or set min_capacity: 1"
        return f"a model may go to zero only by Vertex AI's {BETA}", remedy
    return None


def _check(resource: Mapping[str, str], kinds: Kinds) -> Iterator[Fault]:
    given = {key: value for key, value in resource.items() if value}
    yield from _check_keys(given, kinds)
    yield from _check_words(given, kinds)


def _check_words(given: Mapping[str, str], kinds: Kinds) -> Iterator[Fault]:
    for key, word in kinds.words.items():
        value = given.get(key, "")
        if value and not word.pattern.fullmatch(value):
            yield Fault(key, f"got {value!r}, expected {word.expected}", _mend(key, value, word))


def _check_keys(given: Mapping[str, str], kinds: Kinds) -> Iterator[Fault]:
    """Say which keys are none, and whether the others make one kind of resource."""
    known = {key: None for form in kinds.forms for key in (*form.needed, *form.more)}
    for key in given:
        if key not in known:
            hint = kinds.elsewhere.get(key) or _guess(key, tuple(known))
            yield Fault(
                key, f"unknown key {key}", hint or f"known: {', '.join(known)}", unknown=True
            )
    keys = given.keys() & known.keys()
    if keys != given.keys() or any(
        set(form.needed) <= keys <= {*form.needed, *form.more} for form in kinds.forms
    ):
        return
    meant = [form for form in kinds.forms if keys & set(form.own)]
    shown = ", ".join(sorted(keys)) or "nothing"
    if len(meant) == 1:
        form = meant[0]
        missing = [key for key in form.needed if key not in keys]
        extra = [key for key in sorted(keys) if key not in {*form.needed, *form.more}]
        if missing:
            yield Fault("", f"got {shown}, expected {form.what}: add {' and '.join(missing)}")
        for key in extra:
            yield Fault(key, f"it is no key of {form.what}", "remove it")
    elif meant:
        mixed = " and ".join(form.what for form in meant)
        yield Fault("", f"got {shown}, which is of {mixed}", "say which one is scaled")
    else:
        yield Fault("", f"got {shown}, expected {kinds.expected}", "say which one is scaled")


def _mend(key: str, value: str, word: Word) -> str:
    """Say what to write in place of a value."""
    last = re.split(r"[/:]", value)[-1]
    if "/" in value and word.pattern.fullmatch(last) and _NAME.fullmatch(last):
        return f"give the id alone, not the full name: {last}"
    if "/" in value:
        return "give the id alone, not the full name"
    if key == "location":
        zone = _ZONE.fullmatch(value)
        near = _guess(value, REGIONS)
        return f"that is a zone: write {zone[1]}" if zone else near or word.remedy
    lower = value.lower()
    if key == "project" and PROJECT.fullmatch(lower):
        return f"did you mean {lower}?"
    return word.remedy


def _guess(word: str, choices: Sequence[str]) -> str:
    """Say which of the choices was probably meant; "" if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  (only where something is wrong)

    near = get_close_matches(word.casefold()[:60], choices, 1, _ALIKE)
    return f"did you mean {near[0]}?" if near else ""
