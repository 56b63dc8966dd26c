"""Texts: their words as numbers, the n-grams of documents, and folders of documents."""

from chainrule.data.text.folders import has_documents, table_of_documents
from chainrule.data.text.grams import Counting, bags, frequent, numbered, numbered_bags
from chainrule.data.text.looking import column_beside_text, text_columns
from chainrule.data.text.words import Words, can_split, learn_words

__all__ = [
    "Counting",
    "Words",
    "bags",
    "can_split",
    "column_beside_text",
    "frequent",
    "has_documents",
    "learn_words",
    "numbered",
    "numbered_bags",
    "table_of_documents",
    "text_columns",
]
