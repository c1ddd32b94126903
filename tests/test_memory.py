"""What things weigh."""

from __future__ import annotations

import gc
import tracemalloc

from heymarket_async import ApiSecret, AsyncSession

SECRET = ApiSecret("3f0c2d7e-1b3a-4c56-9d7e-0123456789ab", "a-key-that-opens-nothing")
MANY = 100


def test_a_session_that_is_not_open_weighs_ten_kilobytes_at_the_most():
    AsyncSession(SECRET)  # What the first one makes for all is no part of the others.
    gc.collect()
    tracemalloc.start()
    try:
        sessions = [AsyncSession(SECRET) for _ in range(MANY)]
        weight, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(sessions) == MANY
    assert weight / MANY <= 10 * 1024
