"""The guard at the door: RFC 6750 by Authlib, the age of tokens by the sandbox's clock.

https://www.rfc-editor.org/rfc/rfc6750
"""

# Authlib has no type hints, and this is the only file that speaks it.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
from authlib.oauth2 import OAuth2Error, ResourceProtector  # type: ignore[import-untyped, unused-ignore]  # see above
from authlib.oauth2.rfc6749.errors import (  # type: ignore[import-untyped, unused-ignore]  # see above
    MissingAuthorizationError,
)
from authlib.oauth2.rfc6750 import (  # type: ignore[import-untyped, unused-ignore]  # see above
    BearerTokenValidator,
    InvalidTokenError,
)

from heymarket_async.auth import TOKEN_LIFE
from heymarket_async.clock import Clock
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.sandbox.tokens import Bearer, TokenReader

_REALM: Final = "heymarket-sandbox"


@attrs.define(repr=False)
class Presented:
    """What a request shows at the door, in the shape that Authlib reads.

    Attributes:
        headers: the headers of the request, found regardless of case.
        bearer: set as soon as the signature has proved right, even if the token is refused for its age.
        age: seconds since its `iat`; None for an API key.
    """

    headers: Mapping[str, str]
    bearer: Bearer | None = None
    age: float | None = None


class _Validator(BearerTokenValidator):  # type: ignore[misc, unused-ignore]  # Authlib is untyped
    def __init__(self, reader: TokenReader, clock: Clock, leeway: float) -> None:
        super().__init__(realm=_REALM)
        self._reader = reader
        self._clock = clock
        self._leeway = leeway

    def authenticate_token(self, token_string: str) -> Bearer:
        return self._reader.read(token_string)

    def validate_token(self, token: Bearer, scopes: object, request: Presented) -> None:
        request.bearer = token
        if token.issued_at is None:
            return
        age = request.age = self._clock.wall() - token.issued_at
        if age >= TOKEN_LIFE:
            raise Refusal(401, "expired_token", "The token is older than five minutes.")
        if age < -self._leeway:
            raise Refusal(401, "token_from_future", "The iat of the token lies too far in the future.")


class Guard:
    """Lets requests with good credentials in.

    Args:
        reader: finds the team of a token.
        clock: tells the wall time by which tokens age.
        leeway: seconds that an `iat` may lie in the future.
    """

    def __init__(self, reader: TokenReader, clock: Clock, leeway: float) -> None:
        self._protector: Any = ResourceProtector()
        self._protector.register_token_validator(_Validator(reader, clock, leeway))

    def identify(self, presented: Presented) -> Bearer:
        """Return whom the request comes from; `presented` keeps what was learned, also on the way to a refusal.

        Raises:
            Refusal: 401, with a code for the reason and the `WWW-Authenticate` of RFC 6750.
        """
        try:
            self._protector.validate_request(None, presented)
        except Refusal as refusal:
            raise _with_challenge(refusal) from None
        except OAuth2Error as error:
            raise _from_authlib(error, presented.headers) from None
        bearer = presented.bearer
        assert bearer is not None
        return bearer


def _with_challenge(refusal: Refusal) -> Refusal:
    error = InvalidTokenError(refusal.message, realm=_REALM)
    return Refusal(refusal.status, refusal.code, refusal.message, _challenge(error))


def _from_authlib(error: Any, headers: Mapping[str, str]) -> Refusal:
    if isinstance(error, MissingAuthorizationError) or headers.get("Authorization", "").strip().lower() == "bearer":
        return Refusal(401, "missing_token", "The request has no bearer token.", {"WWW-Authenticate": _BARE})
    message = "The Authorization header must be: Bearer, a space, the token."
    return Refusal(401, "unsupported_scheme", message, {"WWW-Authenticate": _BARE})


# RFC 6750, 3.1: a request without credentials gets a challenge without an error code.
_BARE: Final = f'Bearer realm="{_REALM}"'


def _challenge(error: Any) -> dict[str, str]:
    return {name: value for name, value in error.get_headers() if name == "WWW-Authenticate"}
