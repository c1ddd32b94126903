"""Tables as pandas, polars and Arrow have them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, Literal, get_args

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.extras import load
from heymarket_async.staging import is_model
from heymarket_async.tables.arrow import CHUNK, ArrowBuilder

Library = Literal["pandas", "polars", "arrow"]
"""What makes the frame. Each comes with the extra of its name."""
_LIBRARIES: Final = get_args(Library)


class Maker:
    """Makes frames of Arrow tables.

    Args:
        to: `pandas`, `polars` or `arrow`.

    Raises:
        ArgumentError: there is no such library.
        ConfigurationError: a package is missing. It names the extra.
    """

    def __init__(self, to: Library) -> None:
        if to not in _LIBRARIES:
            raise wrong("to", f"must be one of {', '.join(map(repr, _LIBRARIES))}")
        self._to = to
        self._pa = load("pyarrow", extra=to, purpose="A frame")
        self._library = self._pa if to == "arrow" else load(to, extra=to, purpose="A frame")

    def frame(self, table: Any) -> Any:
        """Return the rows of a table, which is used up by it."""
        if self._to == "polars":
            return self._library.from_arrow(table)
        return _to_pandas(self._library, self._pa, table) if self._to == "pandas" else table


def to_frame(items: Iterable[Any], *, to: Library = "pandas", model: type[attrs.AttrsInstance] | None = None) -> Any:
    """Return a frame with a row for each model. Its columns are those of docs/tables.md, whatever the models hold.

    Args:
        items: models of one kind, such as what a list returned.
        to: `pandas`, `polars` or `arrow`, each of which comes with the extra of its name.
        model: the kind; it is needed where there may be no items.

    Returns:
        A `pandas.DataFrame`, a `polars.DataFrame` or a `pyarrow.Table`; typed as Any, because not all of these come
        with types.

    Raises:
        ArgumentError: the items are no models, or of several kinds; or there is no such library.
        ConfigurationError: a package is missing. It names the extra.
    """
    maker = Maker(to)
    if not isinstance(items, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
        raise wrong("items", f"must be models, such as a list of Message, not {type(items).__name__}")
    rest = iter(items)
    first = list(islice(rest, 1))
    kind: Any = model or (first[0].__class__ if first else None)
    if kind is None:
        raise wrong("model", "must be passed where there are no items: nothing else says which columns there are")
    if not is_model(kind):
        raise wrong("items", f"must be models, such as Message, not {kind.__name__}")
    builder = ArrowBuilder(kind)
    chunk: list[Any] = first
    while chunk:
        for item in chunk:
            if type(item) is not kind:
                raise wrong("items", f"must be of one kind, but hold {kind.__name__} and {type(item).__name__}")
        builder.add(chunk)
        chunk = list(islice(rest, CHUNK))
    return maker.frame(builder.table())


def _to_pandas(pd: Any, pa: Any, table: Any) -> Any:
    """Return a frame whose columns keep their types where a value is absent."""
    plain = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype("pyarrow")}
    lists = {shape: pd.ArrowDtype(shape) for shape in (pa.list_(pa.int64()), pa.list_(pa.string()))}
    # What a column of the table held is let go of as soon as the frame holds it.
    return table.to_pandas(types_mapper=(plain | lists).get, split_blocks=True, self_destruct=True)
