"""The version stands in one place, from which the metadata of the package is made."""

from importlib.metadata import version

import chainrule


def test_the_package_has_the_version_of_its_source():
    assert version("chainrule") == chainrule.__version__
