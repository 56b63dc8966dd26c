"""A diagnosis as text."""

from chainrule.doctor import told
from chainrule.training.findings import Finding, Trial


def trial(after, error=0.01, *, helped=False):
    return Trial(f"to {after}", "learning_rate_too_high", 40, 2.0, after, error, helped)


def test_problems_come_first_with_the_trials_that_helped_first():
    note = Finding("order", "note", "The examples are sorted.", remedy="shuffle them")
    trials = (trial(2.5), trial(1.9), trial(0.2, helped=True), trial(1.9, 0.2), trial(1.99, 1e-6))
    problem = Finding(
        "jumping", "problem", "The loss jumps.", step=1200, trials=trials, action="applied: ReLU"
    )
    assert told([note, problem]).splitlines() == [
        "problem (jumping, after 1,200 steps)",
        "  The loss jumps.",
        "    helps    2 → 0.2 (± 0.01, 40 steps): to 0.2",
        "    a little 2 → 1.9 (± 0.01, 40 steps): to 1.9",
        "    no help  2 → 1.9 (± 0.2, 40 steps): to 1.9",
        "    no help  2 → 1.99 (± 1e-06, 40 steps): to 1.99",
        "    no help  2 → 2.5 (± 0.01, 40 steps): to 2.5",
        "  Applied: ReLU.",
        "",
        "note (order, before training)",
        "  The examples are sorted.",
        "  Shuffle them.",
    ]


def test_of_many_trials_the_best_are_shown():
    trials = tuple(trial(2.0 - 0.1 * number) for number in range(7))
    lines = told([Finding("slow", "problem", "Slow.", trials=trials)]).splitlines()
    assert lines[-2].endswith("to 1.8")
    assert lines[-1] == "    and 2 more"


def test_of_none_it_says_so():
    assert told([]) == "Nothing was found wrong with this training."
