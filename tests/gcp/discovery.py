"""Is this a call that Google's own discovery documents know, and is this its answer?

The documents are those of the package google-api-python-client. What they leave loose is held
tight: a field that a schema does not have, a query parameter that a method does not take, a mask of
a field that is not there, and a field that only the service may write are all refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

Json = dict[str, Any]

CAMEL = r"[a-z][A-Za-z0-9]*"
FORMATS: Mapping[str, str] = {
    "int64": r"^-?\d+$",
    "uint64": r"^\d+$",
    "byte": r"^[A-Za-z0-9+/_-]*={0,2}$",
    "google-datetime": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$",
    "google-duration": r"^-?\d+(\.\d{1,9})?s$",
    "google-fieldmask": rf"^{CAMEL}(\.{CAMEL})*(,{CAMEL}(\.{CAMEL})*)*$",
}
STANDARD = frozenset({"alt", "prettyPrint", "fields", "key", "quotaUser", "$.xgafv"})
"""Query parameters that every method takes."""


PROTO_NAMED = frozenset({"monitoring.v3"})
"""Documents of which gcloud writes a mask in the names of gRPC (display_name), and Google takes it.

Nothing of ours sends a mask there, so nothing of ours is held less tight.
"""


class ContractError(AssertionError):
    """A call or an answer that the discovery document does not know."""


class Method(NamedTuple):
    """A method of a service.

    Attributes:
        document: The service and version, such as "aiplatform.v1".
        name: Such as "projects.locations.endpoints.get".
        given: As the document has it.
        path: The path's own parameters, by name.
    """

    document: str
    name: str
    given: Json
    path: dict[str, str]


def find_method(documents: tuple[str, ...], verb: str, path: str) -> Method:
    """Find the method that a request is for.

    Raises:
        ContractError: There is none.
    """
    for document in documents:
        for name, pattern, given in _methods(document):
            found = pattern.fullmatch(path) if given["httpMethod"] == verb else None
            if found is not None:
                return Method(document, name, given, found.groupdict())
    raise ContractError(f"no method of {documents} is called by {verb} {path}")


def check_request(method: Method, query: Mapping[str, str], body: Json | None) -> None:
    """Hold a request to its method.

    Raises:
        ContractError: It has what the method does not take, or lacks what it demands.
    """
    taken = {
        name: each
        for name, each in method.given.get("parameters", {}).items()
        if each["location"] == "query"
    }
    if method.document in PROTO_NAMED and "updateMask" in query:
        query = {**query, "updateMask": write_camel(query["updateMask"])}
    unknown = query.keys() - taken.keys() - STANDARD
    if unknown:
        raise ContractError(f"{method.name} takes no {sorted(unknown)}")
    for name, value in query.items():
        _check_text(method, name, taken.get(name, {}), value)
    wanted = method.given.get("request")
    if (body is None) is not (wanted is None):
        raise ContractError(f"{method.name}: the request's body is {body!r}")
    if body is None or wanted is None:
        return
    _check(method, wanted["$ref"], body, is_request=True)
    if "updateMask" in query:
        _check_mask(method, wanted["$ref"], query["updateMask"])
    elif isinstance(body.get("updateMask"), str):
        _check_mask(method, _masked(method, wanted["$ref"]), body["updateMask"])


def write_camel(mask: str) -> str:
    """Write names of gRPC as those of REST."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), mask)


def check_answer(method: Method, body: Json) -> None:
    """Hold an answer to its method; raises ContractError."""
    _check(method, method.given["response"]["$ref"], body, is_request=False)


def check_value(document: str, schema: str, body: Json) -> None:
    """Hold a value inside an operation to its schema; raises ContractError."""
    method = Method(document, schema, {}, {})
    _check(method, schema, body, is_request=False)


def check_refusal(body: Json) -> None:
    """Hold an answer of an error to google.rpc.Status in its HTTP form; raises ContractError."""
    error = body.get("error")
    fields = {"code": int, "message": str, "status": str}
    if not isinstance(error, dict) or set(body) != {"error"}:
        raise ContractError(f"an error has the form {{error}}: {body!r}")
    for field, kind in fields.items():
        if not isinstance(error.get(field), kind):
            raise ContractError(f"error.{field}: {error!r}")


@cache
def _document(name: str) -> Json:
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    read: Json = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return read


@cache
def _methods(document: str) -> tuple[tuple[str, re.Pattern[str], Json], ...]:
    """List a document's methods with the paths that call them."""

    def walk(resource: Json, prefix: str) -> Iterator[tuple[str, Json]]:
        for name, method in resource.get("methods", {}).items():
            yield f"{prefix}{name}", method
        for name, below in resource.get("resources", {}).items():
            yield from walk(below, f"{prefix}{name}.")

    return tuple((name, _pattern(given), given) for name, given in walk(_document(document), ""))


def _pattern(given: Json) -> re.Pattern[str]:
    """Write the pattern of a method's path."""
    parts = re.split(r"\{(\w+)\}", str(given.get("flatPath", given["path"])))
    written = [
        f"(?P<{part}>[^/:]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    ]
    return re.compile("/" + "".join(written))


def _check_text(method: Method, name: str, parameter: Json, value: str) -> None:
    pattern = FORMATS.get(parameter.get("format", ""))
    if parameter.get("format") == "int32" or parameter.get("type") == "integer":
        pattern = r"^-?\d+$"
    if pattern is not None and not re.match(pattern, value):
        raise ContractError(f"{method.name}: {name} is {value!r}")


def _check(method: Method, schema: str, body: Json, *, is_request: bool) -> None:
    validator = _validator(method.document, schema, is_request)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
    if errors:
        what = "request" if is_request else "answer"
        raise ContractError(f"{method.name}, {what}: {'; '.join(errors)[:2000]}")


@cache
def _validator(document: str, schema: str, is_request: bool) -> Draft202012Validator:
    """Make a validator of a schema and of all that it is made of."""
    schemas, made, wanted = _document(document)["schemas"], {}, [schema]
    while wanted:
        name = wanted.pop()
        if name in made:
            continue
        made[name] = _convert(schemas[name], is_request)
        wanted += re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(made[name]))
    return Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": made})


def _convert(given: Json, is_request: bool) -> Json:
    """Write a schema of a discovery document as a strict one of JSON Schema."""
    if "$ref" in given:
        return {"$ref": f"#/$defs/{given['$ref']}"}
    kind = given.get("type")
    if kind == "any":
        return {}
    made: Json = {"type": kind}
    if kind == "object":
        fields = given.get("properties", {})
        made["properties"] = {
            name: _convert(each, is_request)
            for name, each in fields.items()
            if not (is_request and each.get("readOnly"))
        }
        more = given.get("additionalProperties")
        made["additionalProperties"] = _convert(more, is_request) if more else False
    elif kind == "array":
        made["items"] = _convert(given["items"], is_request)
    elif given.get("format") in FORMATS:
        made["pattern"] = FORMATS[given["format"]]
    elif given.get("format") == "int32":
        made |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    if "enum" in given:
        made["enum"] = given["enum"]
    return made


def _masked(method: Method, schema: str) -> str:
    """Name the schema that the mask inside a request is of: the request's own resource."""
    fields = _document(method.document)["schemas"][schema]["properties"]
    (name,) = [each["$ref"] for each in fields.values() if "$ref" in each]
    return str(name)


def _check_mask(method: Method, schema: str, mask: str) -> None:
    """Refuse a mask of fields that are not there."""
    schemas = _document(method.document)["schemas"]
    for path in mask.split(","):
        here: Json = {"$ref": schema}
        for part in path.split("."):
            fields = schemas[here["$ref"]].get("properties", {}) if "$ref" in here else {}
            if part not in fields:
                raise ContractError(f"{method.name}: updateMask names {path}, which is not there")
            here = fields[part]
