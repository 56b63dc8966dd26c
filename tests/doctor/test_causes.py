from chainrule.doctor import CAUSES
from chainrule.doctor.repairs import REPAIRS


def test_every_cause_says_what_it_means_and_what_is_tried():
    for name, cause in CAUSES.items():
        assert name.isidentifier(), name
        assert cause.meaning.endswith("."), name
        assert cause.repairs, name
        assert set(cause.repairs) <= set(REPAIRS), name
        assert len(set(cause.repairs)) == len(cause.repairs), name
