"""What tests of programs that use Heymarket need beside the sandbox: models, assertions, faults by name, and time.

    from heymarket_async.testing import assert_texted_once, faults, make, run_in_virtual_time

The fixtures `heymarket_sandbox` and `heymarket_session` are there without an import, where pytest-asyncio is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._lazy import lazy_names

if TYPE_CHECKING:
    from heymarket_async.testing import faults
    from heymarket_async.testing.assertions import assert_nobody_texted, assert_texted, assert_texted_once
    from heymarket_async.testing.factories import as_json, make, make_event, make_many
    from heymarket_async.testing.virtual_time import VirtualClock, run_in_virtual_time
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "assertions": ("assert_nobody_texted", "assert_texted", "assert_texted_once"),
            "factories": ("as_json", "make", "make_event", "make_many"),
            "faults": (),
            "virtual_time": ("VirtualClock", "run_in_virtual_time"),
        },
    )

__all__ = [
    "VirtualClock",
    "as_json",
    "assert_nobody_texted",
    "assert_texted",
    "assert_texted_once",
    "faults",
    "make",
    "make_event",
    "make_many",
    "run_in_virtual_time",
]
