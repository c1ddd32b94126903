"""Models as tables: for pandas, polars and Arrow, which come with the extras of their names."""

from heymarket_async.tables.columns import Column, Kind, columns_of
from heymarket_async.tables.frames import Library, to_frame

__all__ = ["Column", "Kind", "Library", "columns_of", "to_frame"]
