"""Measurements are kept, a line each, and a second start goes on."""

from benchmarks.doctor.measuring import Kept, key_of, measure_all
from benchmarks.doctor.programs import written
from benchmarks.progress import Progress

JOBS = [("a", ([("n", 1)],)), ("b", ([("n", 2)],))]


def test_what_is_kept_is_not_measured_again(tmp_path):
    file = tmp_path / "new" / "lines.jsonl"
    measure_all(dict, JOBS[:1], Kept(file), 1, Progress(), "test")
    calls = []

    def measure(pairs):
        calls.append(pairs)
        return dict(pairs)

    kept = Kept(file)
    measure_all(measure, [*JOBS, JOBS[1]], kept, 1, Progress(), "test")
    assert calls == [[("n", 2)]]
    assert (kept["a"]["n"], kept["b"]["n"]) == (1, 2)
    assert len(file.read_text().splitlines()) == 2


def test_a_line_that_a_kill_cut_off_is_measured_again(tmp_path):
    file = tmp_path / "lines.jsonl"
    file.write_text('{"n": 1, "key": "a"}\n{"n": 2, "k')
    kept = Kept(file)
    assert "b" not in kept
    kept.add("b", {"n": 2})
    again = Kept(file)
    assert (again["a"]["n"], again["b"]["n"]) == (1, 2)


def test_several_processes_measure_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "1")
    kept = Kept(tmp_path / "lines.jsonl")
    measure_all(dict, JOBS, kept, 2, Progress(), "test")
    assert (kept["a"]["n"], kept["b"]["n"]) == (1, 2)


def test_keys_tell_programs_apart():
    assert key_of(written("digits", "deep", 0)) == key_of(written("digits", "deep", 0))
    assert key_of(written("digits", "deep", 0)) != key_of(written("digits", "deep", 1))
