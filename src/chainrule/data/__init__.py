"""Data: arrays, tables from CSV and Parquet files, their preparation, and the order of batches."""

from chainrule.data.arrays import Arrays, as_arrays, can_stratify, split, split_indices
from chainrule.data.batching import batches, epoch_order
from chainrule.data.columns import CategoryColumn, Column, NumberColumn
from chainrule.data.named import load_digits_table
from chainrule.data.preparation import Preparation, classes_of, fit_preparation
from chainrule.data.table import (
    Table,
    can_stratify_table,
    check_table,
    infer_task,
    load_table,
    read_table,
    split_table,
    tidy_columns,
)

__all__ = [
    "Arrays",
    "CategoryColumn",
    "Column",
    "NumberColumn",
    "Preparation",
    "Table",
    "as_arrays",
    "batches",
    "can_stratify",
    "can_stratify_table",
    "check_table",
    "classes_of",
    "epoch_order",
    "fit_preparation",
    "infer_task",
    "load_digits_table",
    "load_table",
    "read_table",
    "split",
    "split_indices",
    "split_table",
    "tidy_columns",
]
