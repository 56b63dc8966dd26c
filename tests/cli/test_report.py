import json


def test_the_report_is_written_anew(chainrule, here, table):
    assert (
        chainrule("train", table, "-t", "kind", "-s", "epochs=1", "-s", "layers=4", "--out", "it").code == 0
    )
    written = (here / "it/report.html").read_text()
    (here / "it/report.html").unlink()
    finished = chainrule("report", "it")
    assert (finished.code, finished.out) == (0, "it/report.html\n")
    again = (here / "it/report.html").read_text()
    assert again == written
    for word in ("kind", "accuracy", "batch_size"):
        assert word in again
    assert json.loads(chainrule("report", "it", "--json").out) == {"run": "it", "report": "it/report.html"}
    assert {path.name for path in here.iterdir()} == {table, "it"}
