"""Everything of one kind into a file: Parquet, CSV, JSON lines or SQLite."""

from heymarket_async.export.formats import Format
from heymarket_async.export.job import EXPORTS, Exported, export

__all__ = ["EXPORTS", "Exported", "Format", "export"]
