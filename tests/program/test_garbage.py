"""The search for reference cycles is put off, and continues as it was."""

import gc

import pytest

from chainrule.program.garbage import no_garbage_collection


def test_it_is_off_within_and_as_before_afterwards():
    assert gc.isenabled()
    with no_garbage_collection():
        with no_garbage_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_turns_it_on_again():
    with pytest.raises(ZeroDivisionError), no_garbage_collection():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off():
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
