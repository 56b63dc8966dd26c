"""Where named data lie once they are fetched: the user's cache folder."""

from pathlib import Path

from chainrule.data.named.catalogue import NamedTable

# Part of the path. Raise it when tables are tidied differently: older files are then not mistaken for them.
_TIDYING = 1


def cached_path(entry: NamedTable) -> Path:
    """Where a table lies, or will lie, as Parquet.

    The folder is the platform's: $XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS,
    %LOCALAPPDATA% on Windows, and in it chainrule/tables-…; then one folder a release.
    """
    from platformdirs import user_cache_path

    release = entry.release
    origin = "scikit-learn" if release is None else f"{release.package}-{release.version}"
    tables = user_cache_path("chainrule", appauthor=False) / f"tables-{_TIDYING}"
    return tables / origin / f"{entry.name}.parquet"
