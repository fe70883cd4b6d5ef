"""How are both functions deployed, and who calls them?"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.gcp.place import Place
from deploy.gcp.step import Command, Ensure, Grant, Learn, Step

TRIES = 20
"""Deliveries of a message before it is put aside: about three hours, by Pub/Sub's longer waits."""
TIMEOUT_S = 120
"""Of a function; a target's lease is longer."""
MEMORY = "256Mi"
SCHEDULE = "* * * * *"


def list_functions(place: Place) -> Iterator[Step]:
    """List the steps that deploy both functions and let others call them."""
    yield _deploy(
        place,
        place.alert,
        "on_alert",
        "of alerts",
        (
            *(f"--trigger-topic={place.alerts}", "--retry"),
            f"--trigger-service-account={place.account('trigger')}",
        ),
    )
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
        "FLYBALL_MODE": place.mode,
    }


def _deploy(place: Place, name: str, entry: str, what: str, trigger: Command) -> Step:
    variables = list_variables(place)
    written = ",".join(f"{key}={value}" for key, value in variables.items())
    build = f"projects/{place.project}/serviceAccounts/{place.account('build')}"
    labels = {"flyball": place.name, "flyball-source": place.digest[:40]}
    deploy: Command = (
        *("functions", "deploy", name, place.on_project, "--gen2", f"--region={place.region}"),
        *(f"--runtime={place.runtime}", f"--source={place.source}", f"--entry-point={entry}"),
        *trigger,
        f"--service-account={place.account('run')}",
        f"--build-service-account={build}",
        *("--no-allow-unauthenticated", "--ingress-settings=internal-only"),
        *("--min-instances=0", f"--max-instances={place.max_instances}", "--concurrency=1"),
        *(f"--timeout={TIMEOUT_S}s", f"--memory={MEMORY}", "--cpu=1"),
        f"--set-env-vars={written}",
        f"--update-labels={','.join(f'{key}={value}' for key, value in labels.items())}",
        "--quiet",
    )
    whole = f"projects/{place.project}/locations/{place.region}/functions/{name}"
    group = ("functions", "list", place.on_project, f"--regions={place.region}", "--v2")
    at = (place.on_project, "--gen2", f"--region={place.region}", "--quiet")
    return Ensure(
        f"The function {name}, {what}",
        (*group, f"--filter=name={whole}", "--format=json"),
        {
            "state": "ACTIVE",
            "labels": labels,
            "buildConfig": {"entryPoint": entry, "runtime": place.runtime},
            "serviceConfig": {
                "environmentVariables": variables,
                "ingressSettings": "ALLOW_INTERNAL_ONLY",
                "maxInstanceCount": place.max_instances,
                "serviceAccountEmail": place.account("run"),
                "timeoutSeconds": TIMEOUT_S,
            },
        },
        (deploy,),
        (deploy,),
        (("functions", "delete", name, *at),),
    )


def _let_call(place: Place, function: str, who: str, title: str) -> Step:
    flags = (place.on_project, f"--region={place.region}")
    member = f"serviceAccount:{place.account(who)}"
    return Grant(
        title, ("run", "services"), function, flags, "roles/run.invoker", member, outlives=True
    )


def _list_alerts(place: Place) -> Iterator[Step]:
    """Put aside what the function of alerts failed to handle too often."""
    where = (place.on_project, f"--location={place.region}")
    yield Learn(
        "The subscription that was made with the function",
        "subscription",
        (
            *("eventarc", "triggers", "list", *where),
            f"--filter=transport.pubsub.topic={place.topic(place.alerts)}",
            "--format=value(transport.pubsub.subscription)",
        ),
    )
    group = ("pubsub", "subscriptions")
    yield Ensure(
        "What it failed to handle too often is put aside",
        (*group, "list", place.on_project, "--filter=name=${subscription}", "--format=json"),
        {"deadLetterPolicy": _dead_letters(place)},
        (),
        ((*group, "update", "${subscription}", place.on_project, *_put_aside(place)),),
    )
    yield _let_take(place, "${subscription}")


def _list_wakes(place: Place) -> Iterator[Step]:
    """Push what a tick hands on to the function of alerts."""
    group, name = ("pubsub", "subscriptions"), place.wakes
    push = (
        f"--push-endpoint={place.url(place.alert)}",
        f"--push-auth-service-account={place.account('trigger')}",
        f"--push-auth-token-audience={place.url(place.alert)}",
        f"--ack-deadline={TIMEOUT_S + 10}",
        *("--min-retry-delay=10s", "--max-retry-delay=600s", "--expiration-period=never"),
        *_put_aside(place),
    )
    where = (name, place.on_project)
    yield Ensure(
        "What pushes handed-on targets to the function of alerts",
        (
            *(*group, "list", place.on_project),
            *(f"--filter=name={place.subscription(name)}", "--format=json"),
        ),
        {
            "topic": place.topic(name),
            "ackDeadlineSeconds": TIMEOUT_S + 10,
            "deadLetterPolicy": _dead_letters(place),
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
    )
    yield _let_take(place, name)


def _dead_letters(place: Place) -> dict[str, object]:
    return {"deadLetterTopic": place.topic(place.quarantine), "maxDeliveryAttempts": TRIES}


def _put_aside(place: Place) -> Command:
    topic = place.topic(place.quarantine)
    return (f"--dead-letter-topic={topic}", f"--max-delivery-attempts={TRIES}")


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
