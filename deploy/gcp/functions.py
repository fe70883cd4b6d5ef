"""How are both functions deployed, and who calls them?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.gcp.place import Place
from deploy.gcp.step import Command, Ensure, Grant, Learn, Step

TRIES = 20
"""Deliveries of a message before it is put aside: about three hours, by Pub/Sub's longer waits."""
TIMEOUT_S = 120
"""Of a function; a target's lease is longer."""
ACK_S = TIMEOUT_S + 10
"""Until an unanswered message comes again: longer than a function may take with it."""
FRAMEWORK: Mapping[str, str] = {"THREADED_TIMEOUT_ENABLED": "true"}
"""So that a call ends with its time: else its thread goes on, while Cloud Run has answered for it.

What waits for an answer ends when it has waited: each call has a limit of its own, of seconds. That
no part of ours goes on after it, see flyball/wiring/ending.py.

Source: functions-framework 3.10, _http/gunicorn.py.
"""
MEMORY = "256Mi"
CPU = "1"
BUILD_VARIABLES: Mapping[str, str] = {"SOURCE_DATE_EPOCH": "315532801"}
"""So that Google's build compiles our modules against their content and not against their time: it
compiles what we compiled once more, and then gives every file in the image the same time, 1980.
Compiled against their time all modules would be compiled again on each cold start.

Source: py_compile.PycInvalidationMode; Google Cloud's buildpacks, python/functions_framework;
Cloud Native Buildpacks' lifecycle.
"""
RETRIES: Mapping[str, str] = {"minimumBackoff": "10s", "maximumBackoff": "600s"}
SCHEDULE = "* * * * *"


def list_functions(place: Place) -> Iterator[Step]:
    """List the steps that deploy both functions and let others call them."""
    yield _deploy(place, place.alert, "on_alert", "of alerts", _list_trigger(place))
    yield _let_call(place, place.alert, "trigger", "What pushes messages may call it")
    yield from _list_alerts(place)
    yield from _list_wakes(place)
    yield _deploy(place, place.tick, "on_tick", "of every minute", ("--trigger-http",))
    yield _let_call(place, place.tick, "scheduler", "What ticks may call it")
    yield _schedule(place)


def list_variables(place: Place) -> dict[str, str]:
    """List the variables that both functions see, and that a person's commands need."""
    return {
        "FLYBALL_GCP_PROJECT": place.project,
        "FLYBALL_GCP_REGION": place.region,
        "FLYBALL_FIRESTORE_DATABASE": place.name,
        "FLYBALL_WAKES_TOPIC": place.wakes,
        "FLYBALL_DEAD_TOPIC": place.quarantine,
        "FLYBALL_ALERT_CHANNEL": "${channel}",
        "FLYBALL_TICK_AUDIENCE": place.url(place.tick),
        "FLYBALL_TICK_ACCOUNT": place.account("scheduler"),
        "FLYBALL_TICK_SIGNATURE": "platform",  # Cloud Run has checked it, and takes it off
        "FLYBALL_TIMEOUT_S": str(TIMEOUT_S),
        "FLYBALL_ALARM_PREFIX": place.name,
        "FLYBALL_HANDFUL": str(place.handful),
        "FLYBALL_MODE": place.mode,
    }


def _list_trigger(place: Place) -> Command:
    account = f"--trigger-service-account={place.account('trigger')}"
    return (f"--trigger-topic={place.alerts}", "--retry", account)


def _deploy(place: Place, name: str, entry: str, what: str, trigger: Command) -> Step:
    variables = {**list_variables(place), **FRAMEWORK}
    written = ",".join(f"{key}={value}" for key, value in variables.items())
    how: Command = (
        *("functions", "deploy", name, place.on_project, "--gen2", f"--region={place.region}"),
        *(f"--runtime={place.runtime}", f"--entry-point={entry}"),
        *trigger,
        f"--service-account={place.account('run')}",
        f"--build-service-account={_build_account(place)}",
        *("--no-allow-unauthenticated", "--ingress-settings=internal-only"),
        *("--min-instances=0", f"--max-instances={place.max_instances}", "--concurrency=1"),
        *(f"--timeout={TIMEOUT_S}s", f"--memory={MEMORY}", f"--cpu={CPU}"),
        f"--set-env-vars={written}",
        f"--set-build-env-vars={','.join(f'{k}={v}' for k, v in BUILD_VARIABLES.items())}",
    )
    labels = {
        "flyball": place.name,
        "flyball-settings": hashlib.sha256("\n".join(how).encode()).hexdigest()[:40],
        "flyball-source": place.digest[:40],
    }
    labelled = f"--update-labels={','.join(f'{key}={value}' for key, value in labels.items())}"
    deploy: Command = (*how, f"--source={place.source}", labelled, "--quiet")
    whole = f"projects/{place.project}/locations/{place.region}/functions/{name}"
    group = ("functions", "list", place.on_project, f"--regions={place.region}", "--v2")
    at = (place.on_project, "--gen2", f"--region={place.region}", "--quiet")
    return Ensure(
        f"The function {name}, {what}",
        (*group, f"--filter=name={whole}", "--format=json"),
        {
            "state": "ACTIVE",
            "labels": labels,
            **_describe(place, entry, variables),
            **({"eventTrigger": _describe_trigger(place)} if "--retry" in trigger else {}),
        },
        (deploy,),
        (deploy,),
        (("functions", "delete", name, *at),),
    )


def _describe(place: Place, entry: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Write a function as the service does, so that what somebody changed by hand is seen."""
    return {
        "buildConfig": {
            "entryPoint": entry,
            "environmentVariables": BUILD_VARIABLES,
            "runtime": place.runtime,
            "serviceAccount": _build_account(place),
        },
        "serviceConfig": {
            "availableCpu": CPU,
            "availableMemory": MEMORY,
            "environmentVariables": variables,
            "ingressSettings": "ALLOW_INTERNAL_ONLY",
            "maxInstanceCount": place.max_instances,
            "maxInstanceRequestConcurrency": 1,
            "minInstanceCount": 0,
            "serviceAccountEmail": place.account("run"),
            "timeoutSeconds": TIMEOUT_S,
        },
    }


def _describe_trigger(place: Place) -> dict[str, Any]:
    return {
        "pubsubTopic": place.topic(place.alerts),
        "retryPolicy": "RETRY_POLICY_RETRY",
        "serviceAccountEmail": place.account("trigger"),
    }


def _build_account(place: Place) -> str:
    return f"projects/{place.project}/serviceAccounts/{place.account('build')}"


def _let_call(place: Place, function: str, who: str, title: str) -> Step:
    flags = (place.on_project, f"--region={place.region}")
    member = f"serviceAccount:{place.account(who)}"
    return Grant(
        title, ("run", "services"), function, flags, "roles/run.invoker", member, outlives=True
    )


def _list_alerts(place: Place) -> Iterator[Step]:
    """Slow down, and in the end put aside, what the function of alerts fails to handle.

    Source: Eventarc, "Retry events": the subscription that it made may be changed so.
    """
    yield Learn(
        "The trigger that was made with the function",
        "trigger",
        (
            *("functions", "describe", place.alert, place.on_project, "--gen2"),
            *(f"--region={place.region}", "--format=value(eventTrigger.trigger)"),
        ),
    )
    yield Learn(
        "The subscription that was made with the trigger",
        "subscription",
        (
            *("eventarc", "triggers", "describe", "${trigger}", place.on_project),
            "--format=value(transport.pubsub.subscription)",
        ),
    )
    yield Learn(
        "What metrics call it",
        "subscription_id",
        (
            *("eventarc", "triggers", "describe", "${trigger}", place.on_project),
            "--format=value(transport.pubsub.subscription.basename())",
        ),
    )
    group = ("pubsub", "subscriptions")
    yield Ensure(
        "What it failed to handle too often is put aside",
        (*group, "list", place.on_project, "--filter=name=${subscription}", "--format=json"),
        _describe_retries(place),
        (),
        ((*group, "update", "${subscription}", place.on_project, *_retry(place)),),
    )
    yield _let_take(place, "${subscription}")


def _list_wakes(place: Place) -> Iterator[Step]:
    """Push what a tick hands on to the function of alerts."""
    group, name = ("pubsub", "subscriptions"), place.wakes
    push = (
        f"--push-endpoint={place.url(place.alert)}",
        f"--push-auth-service-account={place.account('trigger')}",
        f"--push-auth-token-audience={place.url(place.alert)}",
        "--expiration-period=never",
        *_retry(place),
    )
    where = (name, place.on_project)
    yield Ensure(
        "What pushes handed-on targets to the function of alerts",
        (
            *(*group, "list", place.on_project),
            *(f"--filter=name={place.subscription(name)}", "--format=json"),
        ),
        {
            **_describe_retries(place),
            "pushConfig": {
                "pushEndpoint": place.url(place.alert),
                "oidcToken": {
                    "serviceAccountEmail": place.account("trigger"),
                    "audience": place.url(place.alert),
                },
            },
        },
        ((*group, "create", *where, f"--topic={name}", *push),),
        ((*group, "update", *where, *push),),
        ((*group, "delete", *where),),
        fixed={"topic": place.topic(name)},
    )
    yield _let_take(place, name)


def _retry(place: Place) -> Command:
    """Write how what is not handled comes again, ever later, and is put aside in the end."""
    return (
        f"--ack-deadline={ACK_S}",
        f"--min-retry-delay={RETRIES['minimumBackoff']}",
        f"--max-retry-delay={RETRIES['maximumBackoff']}",
        f"--dead-letter-topic={place.topic(place.quarantine)}",
        f"--max-delivery-attempts={TRIES}",
    )


def _describe_retries(place: Place) -> dict[str, Any]:
    topic = place.topic(place.quarantine)
    return {
        "ackDeadlineSeconds": ACK_S,
        "deadLetterPolicy": {"deadLetterTopic": topic, "maxDeliveryAttempts": TRIES},
        "retryPolicy": dict(RETRIES),
    }


def _let_take(place: Place, subscription: str) -> Step:
    return Grant(
        "Pub/Sub may take from it what it puts aside",
        ("pubsub", "subscriptions"),
        subscription,
        (place.on_project,),
        "roles/pubsub.subscriber",
        "serviceAccount:service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com",
        outlives=True,
    )


def _schedule(place: Place) -> Step:
    group, url = ("scheduler", "jobs"), place.url(place.tick)
    where = (place.on_project, f"--location={place.region}")
    how = (
        *(place.tick, *where, f"--schedule={SCHEDULE}", "--time-zone=Etc/UTC"),
        *(f"--uri={url}", "--http-method=POST", '--message-body={"flyball":"tick"}'),
        f"--oidc-service-account-email={place.account('scheduler')}",
        *(f"--oidc-token-audience={url}", f"--attempt-deadline={TIMEOUT_S}s"),
        "--max-retry-attempts=0",  # a tick that failed is over: the next one is due in a minute
    )
    whole = f"projects/{place.project}/locations/{place.region}/jobs/{place.tick}"
    json = "Content-Type=application/json"
    return Ensure(
        "The job of every minute",
        (*group, "list", *where, f"--filter=name={whole}", "--format=json"),
        {
            "schedule": SCHEDULE,
            "timeZone": "Etc/UTC",
            "state": "ENABLED",
            "attemptDeadline": f"{TIMEOUT_S}s",
            "httpTarget": {
                "uri": url,
                "oidcToken": {"serviceAccountEmail": place.account("scheduler"), "audience": url},
            },
        },
        ((*group, "create", "http", *how, f"--headers={json}"),),
        (
            (*group, "update", "http", *how, f"--update-headers={json}"),
            (*group, "resume", place.tick, *where),
        ),
        ((*group, "delete", place.tick, *where, "--quiet"),),
    )
