"""Formats of numbers, learned from texts a person wrote down, whose values are worked out by hand."""

import numpy as np
import pyarrow as pa
import pytest

from chainrule.data.reading.numbers import NumberFormat, learn_numbers, read_numbers


def learned(*texts: str, decimal: str = "."):
    return learn_numbers(pa.array(texts, pa.large_string()), np.ones(len(texts), int), decimal)


def read(format: NumberFormat, *texts: str) -> list[float]:
    return read_numbers(pa.array(texts, pa.large_string()), format).tolist()


@pytest.mark.parametrize(
    ("texts", "format", "values"),
    [
        (["1", "-2.5", "+3e2", ".5", "4."], NumberFormat(), [1, -2.5, 300, 0.5, 4]),
        (["0,250", "12,5"], NumberFormat(","), [0.25, 12.5]),
        (["$1,234.56", "-$7", "$-8.5", "(9.00)"], NumberFormat(".", ",", "$"), [1234.56, -7, -8.5, -9]),
        (["1.234,5 €", "12 €", "1.234.567 €"], NumberFormat(",", ".", "€"), [1234.5, 12, 1234567]),
        (["12.3%", "0", "100 %"], NumberFormat(unit="%"), [12.3, 0, 100]),
        (["1 234,5", "1\u202f000", "12\u00a0345,75"], NumberFormat(",", " "), [1234.5, 1000, 12345.75]),
        (["1'234.5", "10\u2019000"], NumberFormat(".", "'"), [1234.5, 10000]),
        (["12,34,567.5", "1,000"], NumberFormat(".", ","), [1234567.5, 1000]),
        (["\u22125", "4"], NumberFormat(), [-5, 4]),
        (["EUR 1,234.50", "EUR 3.25"], NumberFormat(".", ",", "EUR"), [1234.5, 3.25]),
    ],
)
def test_formats_people_write(texts, format, values):
    found = learned(*texts)
    assert found.format == format
    assert found.fits.all()
    assert not found.ambiguous
    np.testing.assert_allclose(read(format, *texts), values, rtol=1e-15)


def test_what_can_be_read_in_two_ways_goes_by_the_other_columns():
    assert learned("1,234", "5,678").ambiguous
    assert learned("1,234", "5,678").format == NumberFormat(".", ",")
    assert learned("1,234", "5,678", decimal=",").format == NumberFormat(",")
    assert learned("1.234", "5.678", decimal=",").format == NumberFormat(",", ".")
    assert not learned("0,250", "1,234").ambiguous  # no thousand begins with 0
    assert learned("12,34", "1.234").decimal == ","


def test_most_rows_decide_and_the_others_do_not_fit():
    texts = pa.array(["1,5", "2.5"], pa.large_string())
    assert learn_numbers(texts, np.array([9, 1]), ".").fits.tolist() == [True, False]
    assert learn_numbers(texts, np.array([1, 9]), ".").fits.tolist() == [False, True]


@pytest.mark.parametrize(
    "text", ["", "abc", "1-2", "1.2.3", "1,23,4", "0x1F", "1_000", "nan", "12 34", "$", "-"]
)
def test_what_is_no_number(text):
    for format in (NumberFormat(), NumberFormat(".", ","), NumberFormat(",", "."), NumberFormat(unit="$")):
        assert np.isnan(read(format, text)[0])


def test_fractions_among_what_was_whole_may_have_either_mark():
    format = NumberFormat("")
    np.testing.assert_array_equal(
        read(format, "1", "0.5", "0,5", "12,25", "1.234", "1,234"), [1, 0.5, 0.5, 12.25, 1.234, np.nan]
    )


def test_a_share_without_its_sign_is_another_kind_of_number():
    assert learned("12%", "15%", "0.12").fits.tolist() == [True, True, False]
