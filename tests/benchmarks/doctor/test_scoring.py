"""The scores, by hand."""

from dataclasses import replace

import pytest
from benchmarks.doctor.listing import Entry
from benchmarks.doctor.methods import OURS, RANDOM, UNREPAIRED
from benchmarks.doctor.outcome import Found, Outcome, alarmed, named_causes
from benchmarks.doctor.scoring import NOTHING, Case, Worse, scores, share_of, worse_runs

HEALTHY = Entry(
    "digits",
    "shallow",
    0,
    0.001,
    "last",
    figures=(0.95, 0.96, 0.97),
    losses=(0.10, 0.11, 0.12),
    twin_figures=(0.95, 0.96, 0.97),
)
FAULTY = replace(HEALTHY, cause="dead_units", grade=1, figures=(0.5, 0.6, 0.7), losses=(1.0, 1.1, 1.2))
NUMBERS = replace(
    FAULTY,
    data="sine",
    cause="unscaled_targets",
    figures=(1.0,) * 3,
    losses=(1.0,) * 3,
    twin_figures=(0.1,) * 3,
)
DEAD = Found("dead_units", "problem", ("dead_units", "learning_rate_too_high"))
NOTE = Found("slow_loss", "note", ("learning_rate_too_low",))


def outcome(
    figure: float | None = 0.95, *findings: Found, loss: float | None = None, seconds: float = 1.0
) -> Outcome:
    return Outcome(figure, loss, seconds, 100, findings, twin_seconds=1.0)


def test_an_outcome_comes_back_from_plain_data():
    full = replace(outcome(None, DEAD, NOTE), broken="NaN")
    assert Outcome.from_plain(full.to_plain() | {"key": "more"}) == full


def test_a_problem_is_an_alarm_and_its_causes_come_first():
    assert alarmed([NOTE, DEAD])
    assert not alarmed([NOTE])
    assert named_causes([NOTE, DEAD]) == ["dead_units", "learning_rate_too_high", "learning_rate_too_low"]


@pytest.mark.parametrize(
    ("hits", "of", "value", "low", "high"),
    # Wilson's intervals as in tables: Brown, Cai and DasGupta 2001, and by hand for none and all.
    [(8, 10, 0.8, 0.4902, 0.9433), (0, 10, 0.0, 0.0, 0.2775), (10, 10, 1.0, 0.7225, 1.0)],
)
def test_shares_have_wilsons_interval(hits, of, value, low, high):
    cases = [Case(replace(FAULTY, variant=each), 0, outcome()) for each in range(of)]
    share = share_of(cases, [each < hits for each in range(of)])
    assert share is not None
    assert (share.value, share.low, share.high) == pytest.approx((value, low, high), abs=1e-4)
    assert share.of == of


def test_the_seeds_of_a_program_count_as_one_program():
    one, other = replace(FAULTY, variant=1), replace(FAULTY, variant=2)
    cases = [
        Case(one, 0, outcome()),
        Case(one, 1, outcome()),
        Case(other, 0, outcome()),
        Case(other, 1, outcome()),
    ]
    share = share_of(cases, [True, True, True, False])
    assert share is not None
    assert (share.value, share.of) == (0.75, 2)
    assert share_of([], []) is None


def test_our_doctor_is_scored_by_all_that_it_must_show():
    found = scores(
        {
            OURS: [
                Case(FAULTY, 0, outcome(0.92, DEAD, seconds=1.5)),
                Case(replace(FAULTY, variant=1), 0, outcome(0.90, NOTE, seconds=2.5)),
                Case(NUMBERS, 0, outcome(0.11, DEAD)),
                Case(HEALTHY, 0, outcome(0.95)),
                Case(replace(HEALTHY, variant=1), 0, outcome(0.95, DEAD)),
            ]
        }
    )[OURS]
    shares = (found.detected, found.alarmed, found.named, found.repaired)
    assert [share and (round(share.value, 4), share.of) for share in shares] == [
        (0.6667, 3),  # the second has a note alone
        (0.5, 2),
        (0.3333, 3),  # dead units were named for unscaled targets
        (0.6667, 3),  # 0.90 is more than five points below 0.96; 0.11 is within a tenth of 0.1
    ]
    assert found.seconds is not None
    assert found.seconds.value == pytest.approx(7 / 5)
    assert found.seconds.low <= 7 / 5 <= found.seconds.high
    assert found.seconds.middle == 1.0
    assert found.false_alarms == (("digits/shallow/1", "dead_units"),)
    assert found.causes == {
        "dead_units": {"dead_units": 1, "learning_rate_too_low": 1},
        "unscaled_targets": {"dead_units": 1},
    }


def test_rows_of_the_rivals_come_from_the_watched_runs():
    fired = Found("autotrainer.dying_relu", "problem", ("dead_units",))
    rows = scores({UNREPAIRED: [Case(FAULTY, 0, outcome(0.95, fired)), Case(HEALTHY, 0, outcome())]})
    assert list(rows) == ["autotrainer", "deep_diagnosis", UNREPAIRED]
    detected = [row.detected for row in rows.values()]
    assert [share and share.value for share in detected] == [1.0, 0.0, None]
    assert rows["deep_diagnosis"].causes == {"dead_units": {NOTHING: 1}}
    repaired = rows[UNREPAIRED].repaired
    assert repaired is not None
    assert repaired.value == 1.0


@pytest.mark.parametrize(
    ("before", "after", "listed"),
    [
        # The deviation between the seeds of HEALTHY's losses is 0.01: noise is up to 0.03.
        ((0.95, 0.10), (0.95, 0.129), None),
        ((0.95, 0.10), (0.95, 0.131), (0.10, 0.131)),
        ((0.95, 0.10), (0.99, 0.05), None),
        # Without probabilities figures are compared, whose deviation is 0.01, too.
        ((0.95, None), (0.93, 0.2), None),
        ((0.95, 0.10), (0.91, None), (0.95, 0.91)),
        ((0.95, 0.10), (None, None), (0.95, None)),
        ((None, None), (0.1, 3.0), None),
    ],
)
def test_a_run_is_worse_by_more_than_the_noise_between_seeds(before, after, listed):
    case = Case(HEALTHY, 1, outcome(after[0], loss=after[1]))
    found = worse_runs([case], {(HEALTHY.name, 1): outcome(before[0], loss=before[1])})
    assert found == (() if listed is None else (Worse(HEALTHY.name, 1, *listed),))
    assert worse_runs([case], {}) == ()


def test_random_search_is_scored_by_what_it_repairs():
    row = scores({RANDOM: [Case(FAULTY, 0, outcome(0.95)), Case(HEALTHY, 0, outcome())]})[RANDOM]
    assert row.repaired is not None
    assert (row.repaired.value, row.detected) == (1.0, None)
