"""All that goes by a name: tables, images and texts."""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from chainrule.data.named.catalogue import NAMED_TABLES, NamedTable
from chainrule.data.named.image_sets import NAMED_IMAGES, NamedImages
from chainrule.data.named.text_sets import NAMED_TEXTS, NamedText
from chainrule.errors import DataError, did_you_mean

Named = NamedTable | NamedImages | NamedText

NAMED: Mapping[str, Named] = ChainMap[str, Any](NAMED_TEXTS, NAMED_IMAGES, NAMED_TABLES)
"""Name -> set, for all of them: tables, then images, then texts."""


def named_entry(name: str) -> Named:
    """The entry of the catalogue with this name; DataError if there is none."""
    if name in NAMED:
        return NAMED[name]
    raise DataError(
        f"there is no data set {name!r}{did_you_mean(name, NAMED)}", remedy=f"there are {', '.join(NAMED)}"
    )
