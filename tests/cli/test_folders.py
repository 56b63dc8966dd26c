import pytest

from chainrule.cli.folders import RunFolder, claimed, place_at
from chainrule.errors import ConfigError, TrainingError


def test_two_that_start_at_once_get_names_of_their_own(here):
    with claimed(None, "data/my table.csv") as first, claimed(None, "my table.csv") as second:
        assert [str(first.folder), str(second.folder)] == ["runs/my_table-001", "runs/my_table-002"]
        second.folder.mkdir()
    with claimed(None, "my table.csv") as third:
        assert str(third.folder) == "runs/my_table-001"  # the first wrote nothing
    assert [path.name for path in (here / "runs").iterdir()] == ["my_table-002"]


@pytest.mark.parametrize(
    ("error", "kept"), [(ValueError, True), (KeyboardInterrupt, True), (TrainingError, False)]
)
def test_what_was_saved_stays_unless_training_broke_down(here, error, kept):
    def fail(saves: bool) -> None:
        with claimed(RunFolder(here / "a" / "b" / "it"), "x") as place:
            if saves:
                place.state.touch()
            raise error("no")

    with pytest.raises(error):
        fail(saves=False)
    assert list(here.iterdir()) == []
    with pytest.raises(error):
        fail(saves=True)
    assert (here / "a/b/it.checkpoint/state.safetensors").exists() == kept
    assert kept or list(here.iterdir()) == []


def test_folders_that_were_there_stay(here):
    (here / "a").mkdir()
    with claimed(RunFolder(here / "a" / "it"), "x"):
        pass
    assert (here / "a").is_dir()


def test_a_place_must_be_free_and_have_a_name(here):
    (here / "file").touch()
    with pytest.raises(ConfigError, match="exists already"):
        place_at(here / "file", resume=True)
    with pytest.raises(ConfigError, match="not a name for a run"):
        place_at(here.relative_to(here), resume=False)
    (here / "it.checkpoint").mkdir()
    with pytest.raises(ConfigError, match="unfinished"):
        place_at(here / "it", resume=False)
    assert place_at(here / "it", resume=True).folder == here / "it"
