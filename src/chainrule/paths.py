r"""Names of files as text.

A name may hold bytes that are no UTF-8; Python then has lone surrogates in it, which no file of text can
hold. Each is written as an escape, \udce9 for the byte 0xe9, as Python prints it.
"""

import re

_SURROGATE = r"u(?:d[89a-f][0-9a-f]{2}|005c)"
_ESCAPE = re.compile(rf"\\({_SURROGATE})")
_LIKE_AN_ESCAPE = re.compile(rf"\\(?={_SURROGATE})")


def text_of_path(path: str) -> str:
    r"""A path as text that UTF-8 can hold, from which `path_of_text` gets the same path back.

    What looks like an escape in the path itself has its backslash escaped, as \u005c.
    """
    return printable(_LIKE_AN_ESCAPE.sub(r"\\u005c", path))


def path_of_text(text: str) -> str:
    """The path that `text_of_path` wrote."""
    return _ESCAPE.sub(lambda match: chr(int(match[1][1:], 16)), text)


def printable(text: str) -> str:
    """Text with escapes where it holds what UTF-8 can't."""
    return text.encode("utf-8", "backslashreplace").decode()
