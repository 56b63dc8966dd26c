"""The landscape in a run folder, and the section of the report that shows it."""

import json
from html import escape
from pathlib import Path

from chainrule.data.files import write_aside
from chainrule.data.plain_json import json_text, numbers_again
from chainrule.doctor.landscape.figure import landscape_figure
from chainrule.doctor.landscape.plane import Landscape
from chainrule.errors import DataError
from chainrule.report import page
from chainrule.report.numbers import number

LANDSCAPE = "landscape.json"
"""The file of a run folder that holds it."""


def write_landscape(folder: Path, landscape: Landscape) -> None:
    """Put a landscape into a run folder, for its report."""
    write_aside(folder / LANDSCAPE, (json_text(landscape.to_plain()) + "\n").encode())


def read_landscape(folder: Path) -> Landscape | None:
    """The landscape of a run folder; None where there is none. Raises DataError if it is damaged."""
    file = folder / LANDSCAPE
    if not file.is_file():
        return None
    try:
        return Landscape.from_plain(numbers_again(json.loads(file.read_text(encoding="utf-8"))))
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"{file} is damaged ({error!r})", remedy="remove it: the report does without"
        ) from None


def landscape_section(folder: Path) -> str:
    """The section of a run folder's report; '' where it has no landscape. Raises as `read_landscape`."""
    landscape = read_landscape(folder)
    if landscape is None:
        return ""
    ends = landscape.sharpness
    introduction = (
        f"The loss of {ends.examples:,} training examples, without penalties, on a plane through the weights "
        "of this run (the star): two directions out of as many as there are weights."
    )
    rows = [
        ["loss at the weights of the run", number(ends.loss), "the height of the star"],
        ["length of its gradient", number(ends.gradient), "0 where training has come to rest"],
        ["sharpness", number(ends.largest), "the largest eigenvalue of the second derivatives"],
        ["smallest curvature", number(ends.smallest), _told(landscape)],
    ]
    table = page.table(
        ["of the loss", "value", "what it is"], [[escape(cell) for cell in row] for row in rows]
    )
    drawing = page.plot("Loss landscape", landscape_figure(landscape), _look(landscape), widest="720px")
    return page.section("The loss landscape", [drawing, table], introduction=introduction)


def _look(landscape: Landscape) -> str:
    if landscape.path is None:
        return (
            "Two random directions, in which each filter has the length of the network's own: 1 is a step as "
            "long as the weights. In a wide bowl small changes of the weights hardly raise the loss."
        )
    return (
        "The line is the path of training; the axes are its first two principal components, "
        f"in which {100 * landscape.path.kept:.1f} % of its squared distance from the star lies. Contours "
        "are the loss on the plane; pointing at the path shows the loss at its own weights."
    )


def _told(landscape: Landscape) -> str:
    """What the sign of the smallest eigenvalue says, with a margin for the noise of float32."""
    ends = landscape.sharpness
    if ends.smallest < -0.05 * abs(ends.largest):
        return "clearly below 0: not a minimum, since along one direction the loss bends down"
    return "near or above 0: no direction along which the loss bends down steeply"
