"""Data: arrays, tables from CSV and Parquet files or by name, their preparation, and the order of batches."""

from chainrule.data.ahead import read_ahead
from chainrule.data.arrays import Arrays, as_arrays, can_stratify, split, split_indices
from chainrule.data.batching import batches, epoch_order
from chainrule.data.columns import (
    BooleanColumn,
    CategoryColumn,
    Column,
    DateColumn,
    Feature,
    NumberColumn,
    TextColumn,
)
from chainrule.data.examples import ExampleSource, examples
from chainrule.data.feeding import Part, Position, feed
from chainrule.data.findings import LEFT_OUT, Finding, findings, is_imbalanced
from chainrule.data.images import Images, ImageSource, image_source, open_images, read_image, read_pixels
from chainrule.data.named.cache import cached_path
from chainrule.data.named.catalogue import NAMED_TABLES, NamedTable
from chainrule.data.named.fetching import fetch_named
from chainrule.data.named.image_sets import NAMED_IMAGES, NamedImages
from chainrule.data.named.loading import is_named, load_named
from chainrule.data.named.sets import named_entry
from chainrule.data.named.text_sets import NAMED_TEXTS, NamedText
from chainrule.data.npy import mapped, npy_shards
from chainrule.data.parquet import parquet_shards
from chainrule.data.preparation import Preparation, classes_of, fit_preparation
from chainrule.data.ragged import Ragged, ragged
from chainrule.data.reading import ColumnReading, Reading, table_name
from chainrule.data.shards import Shard, ShardSource
from chainrule.data.sounds import Sounds, SoundSource, open_sounds, sound_source
from chainrule.data.source import Chunk, Field, MemorySource, Source
from chainrule.data.structure import Structure, belonging, flattened, nested
from chainrule.data.table import (
    Table,
    can_stratify_table,
    check_table,
    column_names,
    infer_task,
    load_table,
    read_table,
    split_table,
    tidy_columns,
)

__all__ = [
    "LEFT_OUT",
    "NAMED_IMAGES",
    "NAMED_TABLES",
    "NAMED_TEXTS",
    "Arrays",
    "BooleanColumn",
    "CategoryColumn",
    "Chunk",
    "Column",
    "ColumnReading",
    "DateColumn",
    "ExampleSource",
    "Feature",
    "Field",
    "Finding",
    "ImageSource",
    "Images",
    "MemorySource",
    "NamedImages",
    "NamedTable",
    "NamedText",
    "NumberColumn",
    "Part",
    "Position",
    "Preparation",
    "Ragged",
    "Reading",
    "Shard",
    "ShardSource",
    "SoundSource",
    "Sounds",
    "Source",
    "Structure",
    "Table",
    "TextColumn",
    "as_arrays",
    "batches",
    "belonging",
    "cached_path",
    "can_stratify",
    "can_stratify_table",
    "check_table",
    "classes_of",
    "column_names",
    "epoch_order",
    "examples",
    "feed",
    "fetch_named",
    "findings",
    "fit_preparation",
    "flattened",
    "image_source",
    "infer_task",
    "is_imbalanced",
    "is_named",
    "load_named",
    "load_table",
    "mapped",
    "named_entry",
    "nested",
    "npy_shards",
    "open_images",
    "open_sounds",
    "parquet_shards",
    "ragged",
    "read_ahead",
    "read_image",
    "read_pixels",
    "read_table",
    "sound_source",
    "split",
    "split_indices",
    "split_table",
    "table_name",
    "tidy_columns",
]
