"""The frame of a page: its style, its one script, and the blocks it is made of.

A page is one file. Nothing in it is fetched: style, script and figures stand inside it.
Every function here escapes the text it is given, except where an argument is named `html`.
"""

import base64
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def document(title: str, body_html: Iterable[str], *, plots: bool) -> str:
    """A whole HTML page.

    title: plain text, for the browser's tab.
    body_html: blocks, top to bottom.
    plots: True if a block is a `plot`; plotly.js (about 5 MB) is put into the page once, and only then.
    """
    scripts = f"<script>{_plotly_script()}</script>\n<script>{_asset('plots.js')}</script>" if plots else ""
    body = "\n".join(body_html)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="{_icon()}">\n'
        f"<style>\n{_asset('page.css')}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n{scripts}\n</body>\n</html>\n"
    )


def section(title: str, blocks_html: Iterable[str], *, introduction: str = "") -> str:
    """A titled part of the page."""
    lead = f'<p class="lead">{escape(introduction)}</p>\n' if introduction else ""
    body = "\n".join(blocks_html)
    return f"<section>\n<h2>{escape(title)}</h2>\n{lead}{body}\n</section>"


def grid(blocks_html: Iterable[str]) -> str:
    """Blocks side by side where the page is wide enough, else one below the other."""
    body = "\n".join(blocks_html)
    return f'<div class="grid">\n{body}\n</div>'


def plot(
    title: str,
    figure: "Figure",
    explanation: str,
    *,
    log_toggle: bool = False,
    widest: str = "none",
    narrowest: int = 0,
) -> str:
    """A figure with its title above and one sentence below on what to look for.

    log_toggle: puts a button beside the title that switches the vertical axis between linear and logarithmic.
    widest: largest width of the drawing, as in CSS. narrowest: its smallest width in pixels, at least 0; on a
    narrower page it scrolls.
    """
    button = '<button type="button" class="log" aria-pressed="false">log scale</button>' if log_toggle else ""
    # plotly writes "<" as an escape, so no text inside the figure can end the script element.
    specification = figure.to_json()
    style = f"height:{figure.layout.height}px;max-width:{widest}" + (
        f";min-width:{narrowest}px" if narrowest else ""
    )
    drawing = f'<div class="drawing" role="img" aria-label="{escape(title)}" style="{style}"></div>'
    return (
        f'<figure class="card plot">\n<header><h3>{escape(title)}</h3>{button}</header>\n'
        f'<div class="scroll">{drawing}</div>\n'
        f'<script type="application/json">{specification}</script>\n'
        f"<figcaption>{escape(explanation)}</figcaption>\n</figure>"
    )


def table(header: Sequence[str], rows_html: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """A table whose cells are HTML already. kind: "numbers", "settings" or "texts" (columns of one width)."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows_html
    )
    return (
        f'<div class="scroll"><table class="{kind}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def text(plain: str) -> str:
    """Plain text as HTML, for cells of a `table`."""
    return escape(plain)


@cache
def _asset(name: str) -> str:
    """The text of a file that lies beside this module."""
    return files("chainrule.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _icon() -> str:
    """A small drawing for the browser's tab, inline, so that the browser does not ask for one."""
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 13 6 5l4 5 4-8" fill="none" '
        'stroke="#2f6fb7" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()


def _plotly_script() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
