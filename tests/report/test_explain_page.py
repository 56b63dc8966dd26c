import re

import numpy as np

from chainrule.backprop.explain import Explanation, Line, Section
from chainrule.report.explain_page import explain_page

VALUE = np.array([[1 / 3, -2.0], [0.25, 1e-9]])


def one_line(line: Line, title: str = "XOR") -> Explanation:
    return Explanation(title=title, sections=(Section(title="Backward", lines=(line,)),))


def test_page_shows_equation_name_note_numbers_and_shape(read_page):
    line = Line(equation="δ_h = (W_yᵀ δ_y) σ'(·)", name="δ_h", value=VALUE, note="Each unit's share of δ_y.")
    html = explain_page(one_line(line))
    page = read_page(html)
    assert "(<var>W</var><sub>y</sub>ᵀ <var>δ</var><sub>y</sub>) σ′(·)" in html
    for text in ("XOR", "Backward", "δh =", "Each unit's share of δy.", "−2.0000", "2 × 2"):
        assert text in page.text
    tooltips = [float(value) for tag, name, value in page.attributes if (tag, name) == ("td", "title")]
    assert tooltips == VALUE.ravel().tolist()


def test_page_loads_nothing_and_needs_no_script(read_page):
    page = read_page(explain_page(one_line(Line(equation="", name="E", value=np.array(0.5), note=""))))
    assert all(address.startswith("data:") for address in page.resources())
    assert not re.search(r"url\(|@import", page.styles)
    assert page.scripts == []


def test_sections_and_lines_keep_their_order(read_page):
    sections = tuple(
        Section(title=title, lines=tuple(Line("", name, np.array(1.0), "") for name in names))
        for title, names in (("Forward", ("first", "second")), ("Backward", ("third", "fourth")))
    )
    text = read_page(explain_page(Explanation("t", sections))).text
    places = [text.index(word) for word in ("Forward", "first", "second", "Backward", "third", "fourth")]
    assert places == sorted(places)


def test_text_is_escaped(read_page):
    nasty = "<script>alert('x')</script>"
    line = Line(equation=nasty, name=nasty, value=VALUE, note=nasty)
    html = explain_page(Explanation(nasty, (Section(nasty, (line,)),)))
    assert "<script" not in html
    page = read_page(html)
    assert page.title.startswith(nasty)
    assert page.text.count("</script>") == 5  # title, section, equation, name and note
