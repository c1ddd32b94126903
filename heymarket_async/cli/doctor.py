"""`heymarket doctor`."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Final

from rich.table import Table
from rich.text import Text

from heymarket_async.cli import checks, output
from heymarket_async.cli.findings import CHECKS, Finding, Status
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.reach import check_connection
from heymarket_async.cli.service import Service, running_sandbox
from heymarket_async.errors import CallError
from heymarket_async.retry import Retries
from heymarket_async.session import AsyncSession
from heymarket_async.settings import Timeouts

EXAMPLES: Final = """Examples:

    heymarket doctor
    heymarket doctor --json
    heymarket doctor --sandbox

Exit codes: 0 if nothing failed, 1 otherwise. A warning is not a failure."""

_STYLES: Final = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red", Status.SKIP: "dim"}
_WIDEST_CHECK: Final = max(map(len, CHECKS))
_PATIENCE: Final = Timeouts(total=20.0, connect=10.0, read=15.0)


async def doctor(*, as_json: Json = False, sandbox: UseSandbox = False) -> int:
    """Check versions, credentials, connection, token, clock, rate budget and drift.

    It shows no secret and nothing personal, so that its output can be passed on.

    Args:
        as_json: Print JSON in place of lines.
        sandbox: Check the sandbox, even if there are credentials.
    """
    findings: list[Finding] = []
    async with aclosing(_examine(sandbox=sandbox)) as examination:
        async for finding in examination:
            findings.append(finding)
            if not as_json:
                output.show(_line(finding))
    failed = any(finding.status is Status.FAIL for finding in findings)
    if as_json:
        output.show_json({"ok": not failed, "checks": findings})
    return int(failed)


def _line(finding: Finding) -> Table:
    line = Table.grid(padding=(0, 2))
    line.add_column(min_width=4, no_wrap=True)
    line.add_column(min_width=_WIDEST_CHECK, no_wrap=True)
    line.add_column(overflow="fold")
    words = f"{finding.found}. {finding.advice}" if finding.advice else f"{finding.found}."
    line.add_row(Text(finding.status, _STYLES[finding.status]), Text(finding.check), Text(output.plain(words)))
    return line


async def _examine(*, sandbox: bool) -> AsyncGenerator[Finding]:
    """Give a finding for each check in order; those that could not be made come as skipped."""
    made: set[str] = set()
    async with aclosing(_examine_until_blocked(sandbox=sandbox)) as examination:
        async for finding in examination:
            made.add(finding.check)
            yield finding
    for check in CHECKS:
        if check not in made:
            yield Finding(check, Status.SKIP, "not checked, because a check above failed")


async def _examine_until_blocked(*, sandbox: bool) -> AsyncGenerator[Finding]:
    yield checks.check_versions()
    finding, credentials = checks.check_credentials(sandbox=sandbox)
    yield finding
    async with AsyncExitStack() as stack:
        sandbox_url = None
        if credentials is None and finding.status is not Status.FAIL:
            running = await stack.enter_async_context(running_sandbox())
            credentials, sandbox_url = running.credentials, running.base_url
        finding, url = checks.check_base_url(sandbox_url=sandbox_url)
        yield finding
        if url is None:
            return
        finding = await check_connection(url)
        yield finding
        if credentials is None or finding.status is Status.FAIL:
            return
        service = Service(credentials=credentials, base_url=url)
        session = await stack.enter_async_context(service.session(retries=Retries(attempts=1), timeout=_PATIENCE))
        for finding in await _examine_session(session, service):
            yield finding


async def _examine_session(session: AsyncSession, service: Service) -> list[Finding]:
    inboxes, refusal = 0, None
    before = time.time()
    try:
        inboxes = len(await session.inboxes.list())
    except CallError as error:
        refusal = error
    skew = checks.skew_of(session.last_reply, before, time.time())
    return [
        checks.check_token(service.credentials, inboxes, refusal, skew),
        checks.check_clock(skew, answered=session.last_reply is not None),
        checks.check_budget(session.budget),
        checks.check_drift(session.drift),
    ]
