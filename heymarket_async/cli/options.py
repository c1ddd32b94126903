"""Options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", show_default=False, help="Print JSON.")]
UseSandbox = Annotated[
    bool, Parameter(name="--sandbox", show_default=False, help="Ask the sandbox, even if there are credentials.")
]
