"""What is a project with Flyball in it, and what does another deployment change in it?"""

from __future__ import annotations

import sys

from deploy.gcp.place import Place
from deploy.gcp.run import make
from deploy.gcp.steps import list_steps
from tests.gcp.project import Project

WHERE = ["--project", "acme-ml", "--region", "europe-west4"]
RUNTIME = f"python{sys.version_info.major}{sys.version_info.minor}"
PLACE = Place("acme-ml", "europe-west4", mode="apply", email="ops@example.com", digest="d1")


def deployed(place: Place = PLACE) -> Project:
    """Deploy to an empty project."""
    project = Project(list_steps(place))
    make(project.steps, project.ask, lambda _: None)
    project.ran.clear()
    return project


def change(project: Project, place: Place) -> list[str]:
    """Deploy again, and list the commands that change something, in three words each."""
    project.use(list_steps(place))
    project.ran.clear()
    make(project.steps, project.ask, lambda _: None)
    return [" ".join(words[:3]) for words in project.ran]
