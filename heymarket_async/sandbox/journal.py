"""What the sandbox remembers of the requests it got."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.define(kw_only=True, repr=False, eq=False)
class Received:
    """One request that reached the sandbox, or began to.

    Attributes:
        method: the HTTP method.
        path: the path without the query.
        query: the query; of a repeated key the first value. It may hold phone numbers: the repr shows only the keys.
        headers: the headers by their names in lower case, without `authorization`.
        body: the body as it came. The repr never shows it.
        operation: the operation that method and path name, such as `list_inboxes`; None for an unknown one.
        team: the id of the team whose credentials came along, even when they had expired; None where they were no good.
        token_age: seconds from the token's `iat` to the arrival, by the sandbox's clock; None for an API key, and for a
            token that is no good.
        arrived: Unix time of the arrival by the sandbox's clock.
        connection: the number of the TCP connection, from 1; 0 for a request that came in memory.
        read: whether it was read to its end. False for one that a fault met before it was read, of which only the first
            line is known then (and no header, query or body), and for one that the client did not send to its end.
        performed: whether it took effect: the operation was performed, whatever the client has learned of it.
        status: the HTTP status of the answer; None while there is none, and for good where a fault came in its place.
        request_id: the `X-Request-Id` of the answer, a UUID.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    arrived: float
    connection: int
    request_id: str
    body: bytes = b""
    operation: str | None = None
    team: int | None = None
    token_age: float | None = None
    read: bool = False
    performed: bool = False
    status: int | None = None

    def __repr__(self) -> str:
        query = f"?{'&'.join(self.query)}" if self.query else ""
        return (
            f"<{self.method} {self.path}{query} -> {self.status}, team {self.team}, "
            f"connection {self.connection}, {len(self.body)} bytes>"
        )
