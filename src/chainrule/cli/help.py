"""How the commands' docstrings become help texts."""

from inspect import cleandoc

# Of the lines of an example: text below the first paragraph is dim otherwise.
_EXAMPLE_STYLE = "not dim cyan"


def flowing(text: str | None) -> str:
    """A docstring in rich markup as a help text.

    Lines of a paragraph are joined, so that the terminal breaks them where it is wide; indented ones are
    examples and stay as they are.
    """
    paragraphs = cleandoc(text or "").split("\n\n")
    return "\n\n".join(
        _example(each) if each.startswith("  ") else each.replace("\n", " ") for each in paragraphs
    )


def _example(paragraph: str) -> str:
    return "\n".join(f"[{_EXAMPLE_STYLE}]{line}[/]" for line in paragraph.splitlines())
