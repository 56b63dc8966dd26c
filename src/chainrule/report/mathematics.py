"""Equations and arrays as HTML: subscripts, italics, brackets, and numbers that line up."""

import math
import re
from html import escape

import numpy as np
from numpy.typing import ArrayLike

_MOST_SHOWN = 10  # rows or columns of an array; a longer axis shows its two ends
_ENDS = (6, 2)
_MOST_SLICES = 4

_SUBSCRIPT = r"_(?:\{(?P<subscript_braced>[^{}]*)\}|(?P<subscript>[A-Za-z0-9α-ωΑ-Ω]+(?:_[A-Za-z0-9]+)*))"
_TOKEN = re.compile(
    rf"""
      (?P<word>[A-Za-z]{{2,}}(?:[_.][A-Za-z0-9]+)*)                  # softmax, dense_1.weight
    | (?P<letter>[A-Za-zα-ωΑ-Ω])(?:{_SUBSCRIPT})?                    # x, δ_y, W_{{h,ij}}
    | \^(?:\{{(?P<power_braced>[^{{}}]*)\}}|(?P<power>[A-Za-z0-9]+))  # ^2, ^{{n}}
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SYMBOL_IN_PROSE = re.compile(rf"(?<![A-Za-z0-9_])(?P<letter>[A-Za-zα-ωΑ-Ω]){_SUBSCRIPT}")
# Functions and operators are upright; other symbols of one letter are variables, in italics.
_UPRIGHT = frozenset("σφΣΠΔ")


def equation(text: str) -> str:
    """An equation in HTML: "W_yᵀ δ_y" -> <var>W</var><sub>y</sub>ᵀ <var>δ</var><sub>y</sub>.

    Subscripts are written _h or _{i,j}, powers ^2 or ^{n}; words such as softmax stay as they are.
    """
    return "".join(_token(match.groupdict("")) for match in _TOKEN.finditer(text))


def prose(text: str) -> str:
    """A sentence in HTML, in which symbols with a subscript, such as W_h, are set as in an equation."""
    pieces, end = [], 0
    for match in _SYMBOL_IN_PROSE.finditer(text):
        pieces += [escape(text[end : match.start()]), _letter(match.groupdict(""))]
        end = match.end()
    return "".join([*pieces, escape(text[end:])])


def _token(part: dict[str, str]) -> str:
    if part["letter"]:
        return _letter(part)
    if power := part["power_braced"] or part["power"]:
        return f"<sup>{escape(power)}</sup>"
    if part["other"] == "'":
        return "′"  # σ' is a derivative, not a quotation
    return part["word"] or escape(part["other"])


def _letter(part: dict[str, str]) -> str:
    letter, subscript = part["letter"], part["subscript_braced"] or part["subscript"]
    html = letter if letter in _UPRIGHT else f"<var>{letter}</var>"
    return html + (f"<sub>{escape(subscript)}</sub>" if subscript else "")


def array(values: ArrayLike) -> str:
    """An array in brackets with its shape beside it; the exact number stands in each cell's tooltip.

    A vector is a column, as in the textbook. Long axes show their ends; of more than two axes the first few
    matrices are shown.
    """
    values = np.asarray(values)
    if values.ndim == 0:
        return f'<span class="scalar" title="{_exact(values)}">{_Format(values)(values)}</span>'
    shape = " × ".join(str(length) for length in values.shape)
    label = f'<span class="shape">{shape if values.size else f"{shape}, empty"}</span>'
    if not values.size:
        return label
    style = _Format(values)
    if values.ndim <= 2:
        return _brackets(values.reshape(len(values), -1), style) + label
    matrices = values.reshape(-1, *values.shape[-2:])
    places = [",".join(map(str, place)) for place in np.ndindex(*values.shape[:-2])]
    shown = "".join(
        f"<figure>{_brackets(matrix, style)}<figcaption>[{place}]</figcaption></figure>"
        for place, matrix in zip(places[:_MOST_SLICES], matrices, strict=False)
    )
    rest = len(matrices) - _MOST_SLICES
    more = f'<span class="shape">and {rest:,} more</span>' if rest > 0 else ""
    return f'<div class="slices">{shown}{more}</div>{label}'


def _brackets(matrix: np.ndarray, style: "_Format") -> str:
    """A table in brackets. matrix: (rows, columns), not empty."""
    rows, columns = (_shown(length) for length in matrix.shape)
    cells = (("".join(_cell(matrix, row, column, style) for column in columns)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in cells)
    return f'<div class="matrix"><table><tbody>{body}</tbody></table></div>'


def _cell(matrix: np.ndarray, row: int | None, column: int | None, style: "_Format") -> str:
    """One cell; None stands for what is left out along that axis."""
    if row is None or column is None:
        sign = "⋱" if row is None and column is None else "⋮" if row is None else "⋯"
        return f'<td class="gap">{sign}</td>'
    value = matrix[row, column]
    return f'<td title="{_exact(value)}">{style(value)}</td>'


def _shown(length: int) -> list[int | None]:
    """The indices to show along an axis, with None where some are left out."""
    if length <= _MOST_SHOWN:
        return list(range(length))
    first, last = _ENDS
    return [*range(first), None, *range(length - last, length)]


def _exact(value: np.ndarray) -> str:
    """Every digit: the shortest text that reads back as the same number."""
    return escape(str(np.asarray(value).item()))


class _Format:
    """Writes the numbers of one array with equally many decimals, so that they line up.

    The largest gets five significant digits; one that would keep fewer than two is written with a
    power of ten. Whole numbers need no decimals.
    """

    def __init__(self, values: np.ndarray) -> None:
        sizes = np.abs(np.asarray(values, dtype=np.float64))
        sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
        magnitude = math.floor(math.log10(sizes.max())) if sizes.size else 0
        whole = values.dtype.kind in "biu" or (magnitude < 6 and bool(np.all(sizes == np.round(sizes))))
        self.fixed = whole or -3 <= magnitude < 6
        self.decimals = 0 if whole else int(np.clip(4 - magnitude, 0, 7))
        self.smallest = 0.0 if whole else 10.0 ** (1 - self.decimals)

    def __call__(self, value: np.ndarray) -> str:
        exact = float(value)
        if not math.isfinite(exact):
            return "not a number" if math.isnan(exact) else "∞" if exact > 0 else "−∞"
        if exact == 0 or (self.fixed and abs(exact) >= self.smallest):
            return f"{exact:.{self.decimals if self.fixed else 0}f}".replace("-", "−")
        mantissa, _, exponent = f"{exact:.3e}".partition("e")
        return f"{mantissa.replace('-', '−')}·10<sup>{str(int(exponent)).replace('-', '−')}</sup>"
