"""Credentials and the tokens made from them.

https://developers.heymarket.com/authentication
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

import attrs

from heymarket_async.clock import Clock
from heymarket_async.errors import ConfigurationError, MissingCredentials
from heymarket_async.values import MASK

# https://developers.heymarket.com/authentication: "valid for 5 minutes from iat"
TOKEN_LIFE: Final = 300.0
# A service whose clock is a little behind ours must not see a token from its future.
BACKDATE: Final = 10.0
# A token is renewed while it is still good for this long, so that none dies on its way.
MARGIN: Final = 60.0

# `Date` has whole seconds and takes a while to come; beyond this a clock is wrong, and tokens begin to suffer.
TOLERATED_SKEW: Final = 5.0

SECRET_ID_VARIABLE: Final = "HEYMARKET_API_SECRET_ID"
SECRET_KEY_VARIABLE: Final = "HEYMARKET_API_SECRET_KEY"
SECOND_SECRET_ID_VARIABLE: Final = "HEYMARKET_API_SECRET_ID_2"
SECOND_SECRET_KEY_VARIABLE: Final = "HEYMARKET_API_SECRET_KEY_2"
LEGACY_KEY_VARIABLE: Final = "HEYMARKET_API_KEY"

_logger: Final = logging.getLogger(__name__)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def _check_text(owner: type, field: attrs.Attribute[Any], value: object) -> None:
    where = f"{owner.__name__}({field.name}=...)"
    if not isinstance(value, str):
        raise ConfigurationError(f"{where} must be a str, not {type(value).__name__}.")
    if not value.strip():
        raise ConfigurationError(f"{where} is empty.", advice="Copy it from Settings > Integrations > API.")
    if value != value.strip() or not value.isprintable() or not value.isascii() or value[0] in "'\"":
        raise ConfigurationError(
            f"{where} has white space or quotation marks around it, or characters that no credential has.",
            advice="Copy it again, without line breaks or quotation marks.",
        )


def _validate(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    _check_text(type(instance), field, value)


@attrs.frozen(repr=False)
class ApiSecret:
    """An API Secret of a team, from which short-lived tokens are made.

    Args:
        id: the API Secret ID, as shown under Settings > Integrations > API.
        key: the API Secret Key, which is shown once, when the Secret is made.

    Raises:
        ConfigurationError: one of them is empty, or they are in each other's place.

    https://developers.heymarket.com/authentication
    """

    id: str = attrs.field(validator=_validate)
    key: str = attrs.field(validator=_validate)

    def __attrs_post_init__(self) -> None:
        if self.id == self.key:
            raise ConfigurationError("ApiSecret: the ID and the Key are the same text.")
        if _UUID.fullmatch(self.key) and not _UUID.fullmatch(self.id):
            raise ConfigurationError(
                "ApiSecret: the ID and the Key seem to be in each other's place.",
                advice="Call ApiSecret(id, key): the ID is the one that looks like a UUID.",
            )

    def __repr__(self) -> str:
        return f"ApiSecret(id='{MASK}', key='{MASK}')"


@attrs.frozen(repr=False)
class ApiKey:
    """A legacy API key of a team. The vendor plans to end it: prefer `ApiSecret`.

    Args:
        key: the key.

    Raises:
        ConfigurationError: it is empty.

    https://developers.heymarket.com/authentication
    """

    key: str = attrs.field(validator=_validate)

    def __repr__(self) -> str:
        return f"ApiKey(key='{MASK}')"


@attrs.frozen
class ApiSecretPair:
    """Two API Secrets of one team, for a rotation without a gap: the second takes over when the first is refused.

    A team can have two at a time. Make the new one, deploy it as `second`, revoke the old one; then deploy the new one
    alone.

    Args:
        first: the one that is used first.
        second: the one that is used when the service refuses the first.

    Raises:
        ConfigurationError: they are not two different API Secrets.

    https://developers.heymarket.com/authentication
    """

    first: ApiSecret
    second: ApiSecret

    def __attrs_post_init__(self) -> None:
        for name, secret in (("first", self.first), ("second", self.second)):
            if not isinstance(secret, ApiSecret):
                raise ConfigurationError(f"ApiSecretPair({name}=...) must be an ApiSecret.")
        if self.first == self.second:
            raise ConfigurationError("ApiSecretPair: both are the same API Secret.")


Credentials = ApiSecret | ApiSecretPair | ApiKey
"""What a session takes: an API Secret, two of them during a rotation, or a legacy key."""


def credentials_from_env(environ: Mapping[str, str] | None = None) -> Credentials:
    """Read credentials from environment variables.

    Args:
        environ: where to look; by default the environment. `HEYMARKET_API_SECRET_ID` with `HEYMARKET_API_SECRET_KEY`
            come first, then `HEYMARKET_API_KEY`. During a rotation, `HEYMARKET_API_SECRET_ID_2` with
            `HEYMARKET_API_SECRET_KEY_2` may hold a second API Secret, which makes an `ApiSecretPair`. A variable that
            is empty counts as absent.

    Raises:
        MissingCredentials: none of them is set.
        ConfigurationError: one half of an API Secret is missing, or a value makes no sense.
    """
    environ = os.environ if environ is None else environ
    first = _secret_from_env(environ, SECRET_ID_VARIABLE, SECRET_KEY_VARIABLE)
    second = _secret_from_env(environ, SECOND_SECRET_ID_VARIABLE, SECOND_SECRET_KEY_VARIABLE)
    if first and second:
        return ApiSecretPair(first, second)
    if (secret := first or second) is not None:
        return secret
    legacy = environ.get(LEGACY_KEY_VARIABLE, "").strip()
    if legacy:
        return ApiKey(legacy)
    raise MissingCredentials(
        "The environment holds no Heymarket credentials.",
        advice=f"Set {SECRET_ID_VARIABLE} and {SECRET_KEY_VARIABLE}, or pass ApiSecret(id, key).",
    )


def _secret_from_env(environ: Mapping[str, str], id_variable: str, key_variable: str) -> ApiSecret | None:
    secret_id, secret_key = environ.get(id_variable, "").strip(), environ.get(key_variable, "").strip()
    if secret_id and secret_key:
        return ApiSecret(secret_id, secret_key)
    if secret_id or secret_key:
        raise ConfigurationError(
            f"The environment holds half of an API Secret: {key_variable if secret_id else id_variable} is not set.",
            advice=f"Set both {id_variable} and {key_variable}.",
        )
    return None


def sign(secret: ApiSecret, issued_at: int) -> str:
    """Return the JWT of `secret` that lives from `issued_at` (Unix seconds) for five minutes.

    Header and claims are exactly those of https://developers.heymarket.com/authentication.
    """
    return _Signer(secret).sign(issued_at)


class _Signer:
    """Holds the imported key, so that it is prepared once for each Secret."""

    __slots__ = ("_encode", "_issuer", "_key")

    def __init__(self, secret: ApiSecret) -> None:
        # Imported here because it brings in cryptography, which costs more than the rest of the library.
        from joserfc import jwt
        from joserfc.errors import SecurityWarning
        from joserfc.jwk import OctKey

        self._encode = jwt.encode
        self._issuer = secret.id
        with warnings.catch_warnings():
            # joserfc warns of short keys, but how long they are is for the service to say.
            warnings.simplefilter("ignore", SecurityWarning)
            self._key = OctKey.import_key(f"{secret.id}||{secret.key}")

    def sign(self, issued_at: int) -> str:
        return self._encode({"alg": "HS256", "typ": "JWT"}, {"iss": self._issuer, "iat": issued_at}, self._key)


def _secrets_of(credentials: Credentials) -> tuple[ApiSecret, ...]:
    match credentials:
        case ApiSecret():
            return (credentials,)
        case ApiSecretPair():
            return (credentials.first, credentials.second)
        case ApiKey():
            return ()


class TokenMint:
    """Makes tokens for one set of credentials, and keeps the present one until shortly before it dies.

    Making one takes no await, hence needs no lock and knows no race.

    Args:
        credentials: whose tokens to make. An `ApiKey` is its own token; of an `ApiSecretPair` one serves at a time.
        clock: tells wall and monotonic time.
    """

    __slots__ = (
        "_clock",
        "_correction",
        "_credentials",
        "_dead_monotonic",
        "_dead_wall",
        "_in_use",
        "_issued_at",
        "_secrets",
        "_signers",
        "_token",
        "minted",
    )

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._secrets = _secrets_of(credentials)
        self._signers: dict[int, _Signer] = {}
        self._in_use = 0
        self._token: str | None = credentials.key if isinstance(credentials, ApiKey) else None
        self._correction = 0.0
        self._issued_at = 0.0
        self._dead_wall = 0.0
        self._dead_monotonic = 0.0
        self.minted: int = 0

    def __repr__(self) -> str:
        return f"TokenMint({self._credentials!r}, minted={self.minted})"

    def token(self) -> str:
        """Return a token that is good for at least `MARGIN` seconds more."""
        token = self._token
        if token is not None and (not self._secrets or self._is_fresh()):
            return token
        return self._mint()

    def discard(self, token: str | None, server_time: float | None = None) -> bool:
        """Forget `token`, which the service refused; say whether another one can be had.

        Does nothing to a token that has replaced it in the meantime.

        Args:
            token: the very text that `token()` returned.
            server_time: Unix time of the refusal by the service's clock, if it told. Where this machine's clock is so
                far off that tokens die of it, later tokens go by the service's.
        """
        if not self._secrets:
            return False
        if token is self._token:
            self._token = None
            self._correct(server_time)
        return True

    @property
    def in_use(self) -> int:
        """Which API Secret makes the tokens: 1 for the first, 2 for the second of a pair."""
        return self._in_use + 1

    def turn_over(self, refused: int) -> bool:
        """Let the other API Secret of a pair take over from the one of which the service refused a new token too.

        Does nothing where it has taken over in the meantime. Say whether there is another one.

        Args:
            refused: what `in_use` said when that token was made.
        """
        if len(self._secrets) < 2:
            return False
        if refused == self.in_use:
            self._token = None
            self._in_use = 1 - self._in_use
            _logger.warning("The service refuses an API Secret. Number %d of the pair takes over.", self.in_use)
        return True

    def _correct(self, server_time: float | None) -> None:
        if server_time is None:
            return
        off = server_time - self._clock.wall()
        correction = off if abs(off) > TOLERATED_SKEW else 0.0
        if correction and not self._correction:
            _logger.warning("The clock of this machine is off by %.0f s. Tokens go by the service's clock.", -off)
        self._correction = correction

    @property
    def expires_at(self) -> float | None:
        """Unix time at which the present token dies; None when there is none or it never does."""
        if self._token is None or not self._secrets:
            return None
        return self._issued_at + TOKEN_LIFE

    def _is_fresh(self) -> bool:
        # Either clock may say that the token is old; a wall clock before its birth was set back, and says nothing.
        wall = self._clock.wall() + self._correction
        return self._issued_at <= wall < self._dead_wall and self._clock.monotonic() < self._dead_monotonic

    def _mint(self) -> str:
        signer = self._signers.get(self._in_use)
        if signer is None:
            signer = self._signers[self._in_use] = _Signer(self._secrets[self._in_use])
        wall = self._clock.wall() + self._correction
        issued_at = int(wall - BACKDATE)
        left = issued_at + TOKEN_LIFE - MARGIN - wall
        token = signer.sign(issued_at)
        self._token = token
        self._issued_at = issued_at
        self._dead_wall = wall + left
        self._dead_monotonic = self._clock.monotonic() + left
        self.minted += 1
        return token
