import re
from importlib.resources import files

import plotly.graph_objects as go

from chainrule.report import page


def test_document_without_plots_is_small_and_has_no_script(read_page):
    html = page.document("<title>", [page.section("a & b", ["<p>x</p>"], introduction="1 < 2")], plots=False)
    read = read_page(html)
    assert read.scripts == []
    assert len(html) < 20_000
    assert read.title == "<title>"
    assert "a & b" in read.text
    assert "1 < 2" in read.text


def test_plot_carries_its_figure_and_its_height(read_page):
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4], name="</script>"), layout={"height": 321})
    html = page.plot("Loss & more", figure, "It should fall.", log_toggle=True)
    assert "</script>" not in re.sub(r"</script>\n<figcaption>", "", html)
    read = read_page(html)
    assert read.figures["Loss & more"]["data"][0]["name"] == "</script>"
    assert "log scale" in read.text
    assert ("div", "style", "height:321px;max-width:none") in read.attributes


def test_a_wide_plot_scrolls_on_a_narrow_page(read_page):
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]), layout={"height": 321})
    read = read_page(page.plot("Wide", figure, "", narrowest=720))
    place = read.attributes.index(("div", "style", "height:321px;max-width:none;min-width:720px"))
    assert ("div", "class", "scroll") in read.attributes[:place]


def test_table_has_a_header_for_every_column_and_row(read_page):
    read = read_page(page.table(["a", "b"], [["1", "2"], ["3", "4"]], kind="numbers"))
    assert [value for tag, name, value in read.attributes if name == "scope"] == ["col", "col", "row", "row"]
    assert read.text.split() == ["ab", "12", "34"]


def test_style_has_a_dark_variant_of_every_colour():
    style = files("chainrule.report").joinpath("page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = set(re.findall(r"(--[\w-]+): #", light))
    assert colours
    assert colours == set(re.findall(r"(--[\w-]+): #", dark))


def test_style_and_script_name_only_colours_that_exist():
    style, script = (
        files("chainrule.report").joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "plots.js")
    )
    defined = set(re.findall(r"(--[\w-]+):", style))
    assert set(re.findall(r"var\((--[\w-]+)\)", style)) <= defined
    assert set(re.findall(r'colour\("(--[\w-]+)"\)', script)) <= defined
