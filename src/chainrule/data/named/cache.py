"""The place of downloaded named data: the user's cache folder."""

from pathlib import Path

from chainrule.data.named.image_sets import NamedImages
from chainrule.data.named.sets import Named
from chainrule.data.named.text_sets import NamedText

# Parts of the path. Raise one when tables are tidied, images unpacked, or texts joined, differently: older
# files are then not mistaken for them.
_TIDYING = 1
_UNPACKING = 1
_JOINING = 1


def cached_path(entry: Named) -> Path:
    """The path of a named set, also if it is not downloaded yet: a Parquet file, .npz with uint8
    images, or .txt.

    The folder is that of the platform: $XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS,
    %LOCALAPPDATA% on Windows; in it chainrule/tables-…, images-… or texts-…, with a folder for each release.
    """
    from platformdirs import user_cache_path

    release = entry.release
    origin = "scikit-learn" if release is None else f"{release.package}-{release.version}"
    cache = user_cache_path("chainrule", appauthor=False)
    if isinstance(entry, NamedImages):
        return cache / f"images-{_UNPACKING}" / origin / f"{entry.name}.npz"
    if isinstance(entry, NamedText):
        return cache / f"texts-{_JOINING}" / origin / f"{entry.name}.txt"
    return cache / f"tables-{_TIDYING}" / origin / f"{entry.name}.parquet"
