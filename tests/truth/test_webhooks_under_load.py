"""An app under load, with duplicates, loss and an outage: nothing is missing, and nothing is handled twice.

The sandbox and the app are processes of their own, as `python -m benchmarks.webhooks` has them. `--full` lets it last a
minute with an outage of 30 seconds, at 1,000 events a second. How fast answers are is for the benchmark to say.
"""

from __future__ import annotations

import pytest

from benchmarks.webhooks import APPS, Run, perform

SHORT = Run(rate=200, seconds=4, duplicates=0.1, loss=0.05, outage=(1, 1.5), handler=0.2, every=1)
LONG = Run(rate=1000, seconds=60, duplicates=0.1, loss=0.05, outage=(10, 30))


@pytest.mark.slow
@pytest.mark.parametrize("app", [*APPS])
async def test_nothing_is_missing_and_nothing_is_doubled(full, app):
    run = LONG if full else SHORT
    found = await perform(app, run)
    print(app, found)
    assert found.happened == run.rate * run.seconds
    assert (found.missing, found.doubled) == (0, 0)
    # All that was to go wrong went wrong.
    assert found.outcomes["lost"] > 0
    assert found.outcomes["outage"] > run.rate
    assert found.duplicates > 0
    assert found.polled >= found.outcomes["outage"] / (1 + run.duplicates) / 2
