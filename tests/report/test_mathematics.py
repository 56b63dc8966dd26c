import re

import numpy as np
import pytest

from chainrule.report.mathematics import array, equation, prose


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("W_h", "<var>W</var><sub>h</sub>"),
        ("W_yᵀ δ_y", "<var>W</var><sub>y</sub>ᵀ <var>δ</var><sub>y</sub>"),
        ("σ'(·)", "σ′(·)"),
        ("∂E/∂W_{h,ij}", "∂<var>E</var>/∂<var>W</var><sub>h,ij</sub>"),
        ("(y − t)^2 + x^{10}", "(<var>y</var> − <var>t</var>)<sup>2</sup> + <var>x</var><sup>10</sup>"),
        ("ηδ_h", "<var>η</var><var>δ</var><sub>h</sub>"),
        ("W_dense_1", "<var>W</var><sub>dense_1</sub>"),
        ("softmax_cross_entropy(dense_1.weight)", "softmax_cross_entropy(dense_1.weight)"),
        ("1 < 2 & W_{<i>}", "1 &lt; 2 &amp; <var>W</var><sub>&lt;i&gt;</sub>"),
        ("", ""),
    ],
)
def test_equation(text, html):
    assert equation(text) == html


def test_prose_sets_symbols_and_leaves_words_alone():
    html = prose("a share of δ_y by W_y, through dense_1.weight & <b>")
    share = "a share of <var>δ</var><sub>y</sub> by <var>W</var><sub>y</sub>, "
    assert html == share + "through dense_1.weight &amp; &lt;b&gt;"


def cells(html: str) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", html)


def test_matrix_has_a_row_for_each_row_and_its_shape_beside_it():
    html = array(np.array([[0.25, -1.5, 2.0], [0.125, 3.0, 10.0]]))
    assert html.count("<tr>") == 2
    assert cells(html) == ["0.250", "−1.500", "2.000", "0.125", "3.000", "10.000"]
    assert "2 × 3</span>" in html


def test_every_digit_is_in_the_tooltip():
    values = np.random.default_rng(0).normal(size=(3, 4)) * 10.0 ** np.arange(-6, 6).reshape(3, 4)
    exact = [float(text) for text in re.findall(r'title="([^"]*)"', array(values))]
    assert exact == values.ravel().tolist()
    assert array(np.float64(1 / 3)) == '<span class="scalar" title="0.3333333333333333">0.33333</span>'


def test_a_vector_is_a_column_and_a_whole_number_has_no_decimals():
    html = array(np.array([0.0, 1.0, -2.0]))
    assert cells(html) == ["0", "1", "−2"]
    assert html.count("<tr>") == 3
    assert '<span class="shape">3</span>' in html
    assert cells(array(np.array([True, False]))) == ["1", "0"]


def test_numbers_far_smaller_than_the_rest_keep_their_digits():
    assert cells(array(np.array([1.5, 2.345e-7, 0.0]))) == ["1.5000", "2.345·10<sup>−7</sup>", "0.0000"]
    assert cells(array(np.array([1.5e-9, -2e12]))) == ["1.500·10<sup>−9</sup>", "−2.000·10<sup>12</sup>"]


def test_numbers_that_are_not_finite():
    assert cells(array(np.array([np.nan, np.inf, -np.inf]))) == ["not a number", "∞", "−∞"]


def test_large_matrix_shows_its_ends():
    html = array(np.arange(300.0).reshape(20, 15))
    shown = cells(html)
    assert len(shown) == 9 * 9
    assert (shown[0], shown[5], shown[6], shown[7], shown[8]) == ("0", "5", "⋯", "13", "14")
    assert shown[-1] == "299"
    assert "20 × 15" in html


def test_more_than_two_axes_are_shown_as_matrices():
    html = array(np.arange(60.0).reshape(2, 3, 2, 5))
    assert re.findall(r"<figcaption>(.*?)</figcaption>", html) == ["[0,0]", "[0,1]", "[0,2]", "[1,0]"]
    assert cells(html)[-1] == "39"
    assert "and 2 more" in html
    assert "2 × 3 × 2 × 5" in html


def test_empty_array():
    assert array(np.zeros((0, 3))) == '<span class="shape">0 × 3, empty</span>'
