"""Options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
UseSandbox = Annotated[bool, Parameter(name="--sandbox", show_default=False)]
