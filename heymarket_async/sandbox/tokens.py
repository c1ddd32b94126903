"""Whose token is this? The cryptographic half of the answer.

https://developers.heymarket.com/authentication
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any, Final

import attrs
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OctKey

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.sandbox.state import Team

_ALGORITHMS: Final = ["HS256"]
# Minting clients make one token in minutes; clients that mint one per request must not fill the memory.
_REMEMBERED: Final = 10_000


@attrs.frozen(repr=False)
class Bearer:
    """A token whose signature is right, or an API key.

    Attributes:
        team: the team it stands for.
        credential: what it was made from.
        issued_at: Unix time in seconds of its `iat`; None for an API key.
    """

    team: Team
    credential: ApiSecret | ApiKey
    issued_at: int | None = None

    def is_revoked(self) -> bool:
        """Say whether the team has let go of the credential since."""
        return not self.team.holds(self.credential)


def malformed(message: str) -> Refusal:
    """Return the refusal of a token that is not one."""
    return Refusal(401, "malformed_token", message)


class TokenReader:
    """Finds the team of a token and checks the signature, not the age.

    Args:
        teams: gives the teams as they are now.
    """

    def __init__(self, teams: Callable[[], list[Team]]) -> None:
        self._teams = teams
        self._known: dict[str, Bearer] = {}
        self._owners: dict[str, tuple[Team, ApiSecret]] = {}
        self._keys: dict[ApiSecret, OctKey] = {}

    def read(self, token: str) -> Bearer:
        """Return what `token` stands for.

        Raises:
            Refusal: it is no token of any team.
        """
        bearer = self._known.get(token)
        if bearer is None or bearer.is_revoked():
            self._known.pop(token, None)
            bearer = self._read_jwt(token) if token.count(".") == 2 else self._read_key(token)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[token] = bearer
        return bearer

    def _read_key(self, token: str) -> Bearer:
        for team in self._teams():
            if team.api_key is not None and team.api_key.key == token:
                return Bearer(team, team.api_key)
        if "." in token:
            raise malformed("The bearer has dots but not the three parts of a JWT.")
        raise Refusal(401, "unknown_key", "The bearer is neither a JWT nor the API key of a team.")

    def _read_jwt(self, token: str) -> Bearer:
        found: list[tuple[Team, ApiSecret]] = []

        def key(signature: Any) -> OctKey:
            found.append(self._owner(_issuer(signature.payload)))
            return self._key(found[0][1])

        try:
            issued_at = jwt.decode(token, key, algorithms=_ALGORITHMS).claims.get("iat")
        except BadSignatureError:
            refusal = Refusal(401, "wrong_signature", "The signature does not fit the secret that iss names.")
        except UnsupportedAlgorithmError:
            refusal = Refusal(401, "unsupported_algorithm", "The alg of a token must be HS256.")
        except (JoseError, ValueError, TypeError):
            refusal = malformed("The bearer has three parts but is not a JWT.")
        else:
            if type(issued_at) is int:
                return Bearer(*found[0], issued_at)
            refusal = Refusal(401, "invalid_claims", "The claim iat must be there, an integer.")
        raise refusal  # Not where it was caught: that error may hold parts of the token, and would be its context.

    def _owner(self, secret_id: str) -> tuple[Team, ApiSecret]:
        known = self._owners.get(secret_id)
        if known is not None and known[0].holds(known[1]):
            return known
        for team in self._teams():
            for secret in team.secrets:
                if secret.id == secret_id:
                    self._owners[secret_id] = team, secret
                    return team, secret
        raise Refusal(401, "unknown_secret", "No team has an API Secret with the ID that iss names.")

    def _key(self, secret: ApiSecret) -> OctKey:
        key = self._keys.get(secret)
        if key is None:
            with warnings.catch_warnings():
                # joserfc warns of short secrets, which are fine in a test.
                warnings.simplefilter("ignore")
                key = self._keys[secret] = OctKey.import_key(f"{secret.id}||{secret.key}")
        return key


def _issuer(payload: bytes) -> str:
    claims: Any = json.loads(payload)
    try:
        issuer = claims["iss"]
    except (KeyError, TypeError):
        issuer = None
    if not isinstance(issuer, str):
        raise Refusal(401, "invalid_claims", "The claim iss must be there, a string.")
    return issuer
