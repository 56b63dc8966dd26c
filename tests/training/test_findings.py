import json
import math
from dataclasses import replace

import pytest

from chainrule.data.plain_json import json_text
from chainrule.errors import ConfigError, DataError
from chainrule.training.findings import Finding, Trial

TRIAL = Trial(
    "learning rate 0.003 in place of 0.3", "learning_rate_too_high", 40, math.inf, 0.31, 0.02, helped=True
)
FINDING = Finding(
    "diverging",
    "problem",
    "The loss grew from 0.7 to 31 within 40 steps.",
    remedy="try a lower learning rate",
    layer="dense_1",
    step=40,
    causes=("learning_rate_too_high",),
    evidence={"loss": [0.7, 3.0, 31.0]},
    trials=(TRIAL,),
    action="learning rate 0.003 from step 41 on",
)


def test_a_finding_is_plain_data_in_a_file_and_comes_back():
    text = json_text(FINDING.to_plain())
    again = Finding.from_plain(json.loads(text))
    assert again.trials[0].before != again.trials[0].before  # infinite, which JSON has no word for
    assert json_text(again.to_plain()) == text
    assert again.causes == FINDING.causes
    assert again.said == FINDING.said
    assert again.step == 40


def test_before_training_there_is_no_step():
    early = Finding("inputs_unscaled", "note", "The inputs are unscaled.")
    assert Finding.from_plain(early.to_plain()) == early
    assert early.step is None


def test_a_finding_is_told_in_sentences():
    said = str(Finding("dead", "note", "Unit 3 is dead.", remedy="leave it out", action="applied: ReLU"))
    assert said == "note: Unit 3 is dead. Leave it out. Applied: ReLU."


def test_in_brief_it_is_the_cause_and_what_was_done_or_would_help():
    assert FINDING.brief == "learning rate too high; learning rate 0.003 from step 41 on"
    tried = replace(FINDING, action="", trials=(replace(TRIAL, before=0.69), replace(TRIAL, helped=False)))
    assert tried.brief == (
        "learning rate too high; on a copy, learning rate 0.003 in place of 0.3 lowered the error "
        "from 0.69 to 0.31"
    )
    assert replace(tried, trials=()).brief == "learning rate too high; try a lower learning rate"
    assert Finding("dead_units", "note", "Unit 3 is dead.").brief == "dead units; Unit 3 is dead."


def test_severity_is_one_of_two():
    with pytest.raises(ConfigError, match="severity is 'grave'; it must be one of note, problem"):
        Finding("dead", "grave", "Unit 3 is dead.")


@pytest.mark.parametrize(
    "damaged",
    [
        *(None, [], {}, {"symptom": "x"}, {"what": 1}),
        FINDING.to_plain() | {"trials": 3},
        FINDING.to_plain() | {"trials": [{}]},
        FINDING.to_plain() | {"severity": "grave"},
    ],
)
def test_damaged_records_are_told(damaged):
    with pytest.raises(DataError, match="is damaged"):
        Finding.from_plain(damaged)
