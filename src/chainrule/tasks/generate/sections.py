"""The report's sections on a language model: metrics beside counts, and what it writes."""

from collections.abc import Mapping
from html import escape
from typing import Any

from chainrule.report import page
from chainrule.report.sections import held_out


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics beside the baseline, and samples."""
    guess = (
        f"by counts of up to {evaluation.get('n_grams', 5)} tokens in a row with Kneser-Ney smoothing; a "
        "network that does not beat it has learned less than counting tells"
    )
    found = [held_out(evaluation, guess)]
    if evaluation.get("samples"):
        rows = [[f"<b>{_lines(prompt)}</b>{_lines(written)}"] for prompt, written in evaluation["samples"]]
        introduction = (
            "The bold beginning was held out; the rest is drawn token by token at temperature 0.8 from the "
            "likeliest tokens that make up 95 %."
        )
        table = page.table(["sample"], rows, kind="settings")
        found.append(page.section("What it writes", [table], introduction=introduction))
    return found


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
