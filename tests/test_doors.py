"""No message speaks another door's language: options in Python, keyword arguments at the command line."""

import ast
import pickle  # noqa: TID251 (what joblib sends from process to process)
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainrule.cli.errors import in_options
from chainrule.errors import ChainruleWarning, ConfigError, TrainingError
from chainrule.estimators.door import in_estimators, words_of_estimators

SOURCE = Path(__file__).parents[1] / "src" / "chainrule"
SPEAKING = re.compile(r"(Error|Warning)$|^(warn|tell|say|narrate|_refused?|_error|at)$")
OPTION = re.compile(r"(?<![\w-])--[a-z]\w*")
KEYWORD = re.compile(r"(?<![\w.-])[a-z_]{2,}=(?!=)")
COMMAND = re.compile(r"chainrule (train|tune|predict|explain|show|report|data)\b")
PIP = re.compile(r"pip (install|download)[^;]*")


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a call that makes an error, a warning or a line for the person, with its line number.

    Parts of f-strings are joined, since an option may stand right before a brace.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if SPEAKING.search(name):
            for part in [*node.args, *(each.value for each in node.keywords)]:
                texts = [
                    each.value
                    for each in ast.walk(part)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                yield node.lineno, PIP.sub("", " ".join(texts))


def told(*, within: str) -> list[tuple[str, str]]:
    return [
        (f"{path.relative_to(SOURCE)}:{line}", text)
        for path in sorted(SOURCE.rglob("*.py"))
        if (path.relative_to(SOURCE).parts[0] == "cli") == (within == "cli")
        for line, text in messages(path)
    ]


def test_no_message_of_the_library_names_an_option_or_a_command():
    texts = told(within="library")
    assert len(texts) > 300
    assert [each for each in texts if OPTION.search(each[1]) or COMMAND.search(each[1])] == []


def test_no_message_that_the_command_line_may_show_names_a_keyword_argument():
    """Those of the estimators, which it never calls, may."""
    library = [each for each in told(within="library") if not each[0].startswith("estimators/")]
    assert [each for each in library if KEYWORD.search(each[1])] == []
    shown = [(place, re.sub(r"--set [\w=]*", "", text)) for place, text in told(within="cli")]
    assert len(shown) > 30
    assert [each for each in shown if KEYWORD.search(each[1].replace("key=value", ""))] == []


SETTINGS = {"learning_rate": 1e-4, "clip": 1.0, "epochs": 9, "loss": "auto", "frequency": ..., "flag": True}
REMEDY = "{learning_rate} {clip} {epochs} {loss} {frequency} {flag}"


@pytest.mark.parametrize("kind", [ConfigError, TrainingError, ChainruleWarning])
def test_a_setting_is_written_in_the_words_of_each_door(kind):
    message = kind("no {braces}", remedy=REMEDY, settings=SETTINGS)
    assert str(message) == (
        "no {braces}; learning_rate=0.0001 nn.chain(nn.ClipByGlobalNorm(1.0), …) epochs=9 loss='auto' "
        "frequency=… flag=True"
    )
    message.door = in_options
    assert str(message) == (
        "no {braces}; --set learning_rate=0.0001 --set clip=1 --set epochs=9 --set loss=auto "
        "--set frequency=… --set flag=true"
    )
    message.door = in_estimators
    assert str(message) == (
        "no {braces}; learning_rate_init=0.0001 solver=nn.chain(nn.ClipByGlobalNorm(1.0), …) max_iter=9 "
        "loss='auto' frequency=… flag=True"
    )
    assert str(pickle.loads(pickle.dumps(message))) == str(message)
    assert message.args == (str(kind("no {braces}", remedy=REMEDY, settings=SETTINGS)),)


def test_what_is_an_option_of_its_own_is_written_so():
    assert in_options("target", ...) == "--target TARGET"
    assert in_options("target", "price") == "--target price"


def test_the_estimators_set_their_door():
    error = ConfigError("x", remedy="{epochs}", settings={"epochs": 3})
    with pytest.raises(ConfigError, match="x; max_iter=3"), words_of_estimators():
        raise error
