"""Errors and warnings as the command line tells them: a line each, in its own words."""

import warnings

import pytest

from chainrule.cli.errors import BAD_INPUT, SUCCESS, guarded
from chainrule.errors import ChainruleWarning, TrainingError, warn

SETTINGS = {"learning_rate": 0.0001, "clip": 1.0}


def test_a_warning_is_one_line_and_no_failure(capsys):
    def run() -> None:
        warn(ChainruleWarning("the rate\nis high", remedy="lower it ({learning_rate})", settings=SETTINGS))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert guarded(run) == SUCCESS
    assert capsys.readouterr().err == (
        "chainrule: warning: the rate is high; lower it (--set learning_rate=0.0001)\n"
    )


def test_others_are_shown_as_ever_and_afterwards_all_is_as_it_was(capsys):
    before = warnings.showwarning
    with pytest.warns(UserWarning, match="of another library"):
        assert guarded(lambda: warnings.warn("of another library", stacklevel=1)) == SUCCESS
    assert capsys.readouterr().err == ""
    assert warnings.showwarning is before


def test_the_remedy_of_a_breakdown_names_options(capsys):
    def run() -> None:
        raise TrainingError(
            "it broke", remedy="try {learning_rate}, or clip ({clip})", settings=SETTINGS, step=3
        )

    assert guarded(run) == BAD_INPUT
    assert capsys.readouterr().err == (
        "chainrule: it broke; try --set learning_rate=0.0001, or clip (--set clip=1)\n"
    )
