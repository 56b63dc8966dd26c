"""One step of backpropagation as a page: every equation with every number in it."""

from html import escape

from chainrule.backprop.explain import Explanation, Line, Section
from chainrule.report import page
from chainrule.report.mathematics import array, equation, prose


def explain_page(explanation: Explanation) -> str:
    """The explanation as one HTML page that needs no internet connection; a pure function of its argument."""
    head = (
        f"<h1>{escape(explanation.title)}</h1>\n"
        '<p class="subtitle">Numbers are rounded to be read; point at one for all of its digits.</p>'
    )
    body = [head, *(_section(section) for section in explanation.sections)]
    return page.document(f"{explanation.title} · chainrule", body, plots=False)


def _section(section: Section) -> str:
    lines = "\n".join(_line(line) for line in section.lines)
    return page.section(section.title, [f'<ol class="lines">\n{lines}\n</ol>'])


def _line(line: Line) -> str:
    """An equation with its note and, below, what it comes to; a note without equation follows the value."""
    formula = f'<div class="equation">{equation(line.equation)}</div>\n' if line.equation else ""
    note = f'<p class="note">{prose(line.note)}</p>\n' if line.note else ""
    above, beside = (formula + note, "") if line.equation else ("", note)
    name = f'<span class="name">{equation(line.name)} =</span>' if line.name else ""
    return f'<li class="line">\n{above}<div class="value">{name}{array(line.value)}{beside}</div>\n</li>'
