"""What it costs to import the library: fresh interpreters, one after another."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import Bound, Section, Table, ratio, scaled

ROUNDS = 25
OURS, AIOHTTP = "import heymarket_async", "import aiohttp"
STATEMENTS = (OURS, AIOHTTP, "import httpx, pydantic")

TEXT = "CPU time of the statement alone, in an interpreter that has imported nothing yet; bytecode is cached."


def measure() -> Section:
    """Measure the statements."""
    for statement in STATEMENTS:
        _cpu_of(statement)  # Writes the bytecode.
    rounds = [{statement: _cpu_of(statement) for statement in STATEMENTS} for _ in range(ROUNDS)]
    cpu = {statement: [each[statement] for each in rounds] for statement in STATEMENTS}
    return Section(
        title="Import",
        text=TEXT,
        tables=[
            Table(
                ("statement", "CPU, ms", f"× `{AIOHTTP}`"),
                [
                    (f"`{statement}`", scaled(cpu[statement], 1e3).show(1), ratio(cpu[statement], cpu[AIOHTTP]).show(2))
                    for statement in STATEMENTS
                ],
            )
        ],
        bounds=[Bound(what=f"`{OURS}`, against `{AIOHTTP}`", value=ratio(cpu[OURS], cpu[AIOHTTP]), most=1.15)],
    )


def _cpu_of(statement: str) -> float:
    program = f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    return float(subprocess.check_output([sys.executable, "-c", program]))
