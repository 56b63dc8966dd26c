"""Texts: their words as numbers, the n-grams of documents, and folders of documents."""

from chainrule.data.text.folders import has_documents, table_of_documents
from chainrule.data.text.grams import Hashing, bags
from chainrule.data.text.looking import column_beside_text, text_columns
from chainrule.data.text.words import Words, can_split, learn_words

__all__ = [
    "Hashing",
    "Words",
    "bags",
    "can_split",
    "column_beside_text",
    "has_documents",
    "learn_words",
    "table_of_documents",
    "text_columns",
]
