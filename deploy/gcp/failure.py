"""What does it mean that gcloud failed: wait and try again, is it gone already, or what can help?

Source: what Google's services and gcloud say; each word below is part of such a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

INSTALL = "gcloud is not installed here: https://cloud.google.com/sdk/docs/install"

_PASSING = (
    r"concurrent policy changes",
    r"cannot find metric that matches type",  # a new metric of logs, for up to ten minutes
    r"deadline[ _]exceeded",
    r"eventarc service agent",  # made with the first trigger of a project
    r"first time using",  # what Cloud Functions says of its second generation
    r"internal error",
    r"(rate_limit|resource_exhausted|too many requests)",
    r"(service account|serviceaccount)[^.]*\S+ does not exist",  # made a moment ago
    r"does not have (storage\.objects\.get|artifactregistry\.\S+) access",  # granted a moment ago
    r"timed out",
    r"(try again|retry) (soon|later|in a few|your request)",
    r"unavailable",
)
_PASSES = re.compile("|".join(_PASSING), re.IGNORECASE)
_DISABLED = re.compile(
    r"service_disabled|has not been used in project|api \[\S+\] not enabled", re.IGNORECASE
)
_GONE = re.compile(r"not_found|not found|does not exist", re.IGNORECASE)
_HALTS = (
    (
        re.compile(
            r"no active account|not currently have an active account|gcloud auth login",
            re.IGNORECASE,
        ),
        "run `gcloud auth login`, or `gcloud config set account ACCOUNT`",
    ),
    (
        re.compile(r"invalid_grant|reauthentication|problem refreshing", re.IGNORECASE),
        "the login has ended: run `gcloud auth login`",
    ),
    (
        re.compile(r"have this command( group)? installed|components install", re.IGNORECASE),
        "run `gcloud components install alpha beta`",
    ),
)
_REMEDIES = (
    (
        re.compile(r"billing (account|is|must|to be)|billing_disabled", re.IGNORECASE),
        "link a billing account: `gcloud billing projects link PROJECT --billing-account=ACCOUNT`",
    ),
    (
        re.compile(r"constraints/|org(anization)? policy|vpc service controls", re.IGNORECASE),
        "a policy of your organization forbids it; ask who administers it for an exception",
    ),
    (
        re.compile(r"invalid choice|unrecognized arguments", re.IGNORECASE),
        "this gcloud is too old for it: run `gcloud components update`",
    ),
    (
        re.compile(r"permission|forbidden|403|unauthorized", re.IGNORECASE),
        "this account may not do it: `gcloud auth list` says who it is; see deploy/README.md",
    ),
    (
        re.compile(r"location|region", re.IGNORECASE),
        "the service may not be there in this region: name another --region",
    ),
)


class CommandError(Exception):
    """A command of gcloud failed; the message has the command, gcloud's words and what can help.

    Attributes:
        said: gcloud's own words.
        halts: Every other command would fail likewise.
    """

    def __init__(self, message: str, said: str = "", *, halts: bool = False) -> None:
        super().__init__(message)
        self.said = said or message
        self.halts = halts

    @property
    def passes(self) -> bool:
        """Say whether a later try may succeed: something was made or switched on just now."""
        return not self.halts and bool(_PASSES.search(self.said) or _DISABLED.search(self.said))

    @property
    def is_off(self) -> bool:
        """Say whether the whole service is off, so that nothing of it can be there."""
        return not self.halts and bool(_DISABLED.search(self.said))

    @property
    def is_gone(self) -> bool:
        """Say whether what was to be deleted is not there: itself, or its whole service."""
        return bool(_GONE.search(self.said) or _DISABLED.search(self.said))


def explain(words: Sequence[str], written: str, said: str) -> CommandError:
    """Say that a command failed, and what can help.

    Args:
        words: Of the command.
        written: The command as a shell reads it.
        said: gcloud's words.
    """
    for pattern, remedy in _HALTS:
        if pattern.search(said):
            return CommandError(f"{written}\n{said}\nRemedy: {remedy}", said, halts=True)
    if tuple(words[:2]) == ("projects", "describe") and _DISABLED.search(said):
        remedy = (
            "this account is another project's, in which that service is off: run `gcloud services "
            "enable cloudresourcemanager.googleapis.com --project=` with the project that is named"
        )
        return CommandError(f"{written}\n{said}\nRemedy: {remedy}", said, halts=True)
    if tuple(words[:2]) == ("projects", "describe"):
        remedy = (
            f"--project: there is no project {words[2]}, or this account may not see it; its id is "
            "one of `gcloud projects list`, and `gcloud auth list` says who you are"
        )
        return CommandError(f"{written}\n{said}\nRemedy: {remedy}", said, halts=True)
    found = [remedy for pattern, remedy in _REMEDIES if pattern.search(said)]
    helps = f"\nRemedy: {found[0]}" if found else ""
    return CommandError(f"{written}\n{said}{helps}", said)
