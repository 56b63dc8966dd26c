"""The first Ctrl-C is noted, the second interrupts, and the handler from before comes back."""

import signal
import threading

import pytest

from chainrule.training.interrupt import deferred_interrupt


def test_the_first_is_noted_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_comes_back_after_an_error_and_each_context_starts_afresh():
    before = signal.getsignal(signal.SIGINT)

    def fail() -> None:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert signal.getsignal(signal.SIGINT) is before
    with deferred_interrupt() as interrupted:
        assert not interrupted()


def test_after_the_context_ctrl_c_interrupts_as_before():
    with deferred_interrupt():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_outside_of_the_main_thread_nothing_changes():
    seen = []

    def work() -> None:
        before = signal.getsignal(signal.SIGINT)
        with deferred_interrupt() as interrupted:
            seen.append((interrupted(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, True)]
