"""The list of programs: written and read back, and one name for each."""

from dataclasses import replace

import pytest
from benchmarks.doctor.listing import Entry, chosen, read_list, write_list
from benchmarks.doctor.programs import split_of, written

PLAIN = Entry(
    "digits", "deep", 0, 0.003, "best", figures=(0.9, None), losses=(None, 0.1), twin_figures=(0.9, 0.9)
)
FAULTY = replace(PLAIN, cause="too_small_network", grade=2)
ODD = replace(PLAIN, imperfection="odd_batch")


def test_entries_come_back_sorted_the_healthy_first(tmp_path):
    file = tmp_path / "programs.json"
    write_list([FAULTY, ODD, PLAIN], file)
    assert read_list(file) == [PLAIN, ODD, FAULTY]
    assert len(file.read_text().splitlines()) == 5


def test_names_and_programs():
    assert [each.name for each in (PLAIN, ODD, FAULTY)] == [
        "digits/deep/0",
        "digits/deep/0/odd_batch",
        "digits/deep/0/too_small_network:2",
    ]
    assert (PLAIN.program.rate, PLAIN.program.keep, PLAIN.program.patience) == (0.003, "best", None)
    assert PLAIN.program == PLAIN.twin
    assert ODD.program == ODD.twin != PLAIN.program
    assert FAULTY.twin == PLAIN.program
    assert set(FAULTY.program.network.widths) == {2}
    watched = replace(PLAIN, keep=written("digits", "deep", 0).keep)
    assert watched.base.patience == written("digits", "deep", 0).patience


def test_an_entry_that_can_not_be_is_told():
    with pytest.raises(ValueError, match="choose anew"):
        _ = replace(PLAIN, cause="exploding_recurrence", grade=1).program


def test_programs_are_chosen_by_split_and_pattern():
    entries = [replace(FAULTY, variant=variant) for variant in range(3)]
    split = split_of("digits", "deep", 0)
    assert entries[0] in chosen(entries, split, None)
    assert {each.split for each in chosen(entries, split, None)} == {split}
    assert chosen(entries, split, "digits/*/0/too_small*") == [entries[0]]
    assert chosen(entries, split, "dead_units") == []


def test_the_list_has_what_it_must_have():
    entries = read_list()
    faulty = [entry for entry in entries if entry.faulty]
    assert len(faulty) >= 200
    assert len(entries) - len(faulty) >= 200
    assert len({entry.cause for entry in faulty}) >= 15
    assert len({entry.data for entry in faulty}) >= 6
    assert len({entry.name for entry in entries}) == len(entries)
    assert all(entry.program is not None for entry in entries)
