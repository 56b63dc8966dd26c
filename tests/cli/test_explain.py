import re

import numpy as np
import pytest


def number_after(name: str, text: str) -> float:
    found = re.search(rf"^ *{re.escape(name)} = \[? *(-?[\d.]+)", text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_xor_is_what_explain_alone_shows(chainrule, here):
    finished = chainrule("explain")
    assert finished.code == 0
    assert finished.out == chainrule("explain", "xor").out
    assert list(here.iterdir()) == []


def test_the_equations_of_the_textbook_stand_in_order(chainrule):
    text = chainrule("explain", "xor").out
    places = [
        text.index(equation)
        for equation in (
            "h = σ(W_h x + b_h)", "y = σ(W_y h + b_y)", "E = ½ Σ (y − t)²", "δ_y = (y − t) σ'(",
            "δ_h = (W_yᵀ δ_y) σ'(", "W_h before", "W_h after", "W_y before", "W_y after",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert "(2, 2)" in text
    y = number_after("y", text)
    assert number_after("δ_y", text) == pytest.approx((y - 1) * y * (1 - y), abs=1e-5)


def test_row_and_seed_choose(chainrule):
    assert "x = [0. 1.]" in chainrule("explain", "xor", "--row", "1").out
    assert chainrule("explain", "xor", "--seed", "1").out != chainrule("explain", "xor").out


def test_html_is_one_page_with_the_same_numbers(chainrule, here):
    finished = chainrule("explain", "xor", "--html", "step.html")
    assert finished.code == 0
    assert finished.out == ""
    assert [path.name for path in here.iterdir()] == ["step.html"]
    page = (here / "step.html").read_text()
    assert page.startswith("<!DOCTYPE html>") or page.startswith("<!doctype html>")
    assert "http://" not in page.replace("http://www.w3.org", "")
    shown = number_after("E", chainrule("explain", "xor").out)
    assert f">{shown:.5f}<" in page


def test_a_row_of_a_run(chainrule, people, here, table, run_of_values):
    text = chainrule("explain", run_of_values, "--row", "7").out
    assert "row 7 of people.parquet" in text
    target = people["value"]
    assert "W_1 ← W_1 − η · ∂E/∂W_1" in text
    # The target is standardized by the training rows: close to what all rows would give.
    expected = (target.iloc[7] - target.mean()) / target.std()
    assert number_after("t", text) == pytest.approx(expected, abs=0.5)
    elsewhere = chainrule("explain", run_of_values, "--row", "7", "--data", table).out
    assert elsewhere.replace("people.csv", "people.parquet").splitlines()[2:] == text.splitlines()[2:]


def test_a_run_as_a_page(chainrule, here, run_of_classes):
    assert chainrule("explain", run_of_classes, "--html", here / "new" / "step.html").code == 0
    assert "row 0 of people.csv" in (here / "new/step.html").read_text()


def test_the_error_of_a_run_is_that_of_its_program(chainrule, run_of_classes):
    text = chainrule("explain", run_of_classes).out
    probability = np.exp(-number_after("E", text))
    assert 0 < probability <= 1
