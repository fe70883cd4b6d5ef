"""What does a page show, and how does it become one file or one picture?"""

from flyball.report.page.model import (
    Chart,
    Days,
    Figure,
    Group,
    Mark,
    Moment,
    Page,
    Point,
    Segment,
    Series,
    Subject,
    Table,
)
from flyball.report.page.render import render

__all__ = [
    "Chart",
    "Days",
    "Figure",
    "Group",
    "Mark",
    "Moment",
    "Page",
    "Point",
    "Segment",
    "Series",
    "Subject",
    "Table",
    "render",
]
