"""Signing in by a provider (OpenID Connect): the code flow with PKCE, state and nonce.

Nothing is kept here meanwhile: state, nonce and the verifier are derived from what lies in the
cookie of the browser that set out, so only that browser can come back.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from coterie.errors import CoterieError, ParameterError
from coterie.privacy.keys import Keys
from coterie.service.access import is_same
from coterie.service.auth import Doors, new_token
from coterie.service.came import Came
from coterie.service.ids import new_id
from coterie.service.problems import RefusedError
from coterie.service.who import NOBODY
from coterie.store.accounts import User

COOKIE = "coterie_oidc"
ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures that are accepted: none without, and none by a secret that two know."""
SETS_OUT = timedelta(minutes=10)
"""How long one may be away."""
_LEEWAY = 60
_PREFIX = "COTERIE_OIDC_"


class _WrongError(Exception):
    """What came back is not what was asked for."""


@dataclass(frozen=True)
class OidcParams:
    """The provider, and who we are to it.

    Parameters
    ----------
    issuer : str
        Its URL, exactly as it says itself.
    client_id, client_secret : str
        As it knows this server.
    name : str, optional
        As people know it.
    """

    issuer: str
    client_id: str
    client_secret: str
    name: str = "single sign-on"


def oidc_params(environment: Mapping[str, str] = os.environ) -> OidcParams | None:
    """Read the settings from the environment; None without an issuer.

    Raises
    ------
    ParameterError
        If something is missing, or the issuer would be asked in the clear.
    """
    issuer = environment.get(f"{_PREFIX}ISSUER", "")
    if not issuer:
        return None
    place = urlsplit(issuer)
    if place.scheme != "https" and place.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ParameterError(
            f"{_PREFIX}ISSUER is no https URL.", allowed="https://…", where=f"{_PREFIX}ISSUER"
        )
    names = ("CLIENT_ID", "CLIENT_SECRET_FILE")
    given = {name: environment.get(_PREFIX + name, "") for name in names}
    for name, value in given.items():
        if not value:
            raise ParameterError(f"{_PREFIX}{name} is not set.", where=_PREFIX + name)
    try:
        secret = Path(given["CLIENT_SECRET_FILE"]).read_text("utf-8").strip()
    except OSError as error:
        where = f"{_PREFIX}CLIENT_SECRET_FILE"
        raise ParameterError(f"{where} cannot be read: {error.strerror}.", where=where) from error
    name = environment.get(f"{_PREFIX}NAME") or OidcParams.name
    return OidcParams(issuer, given["CLIENT_ID"], secret, name)


class Oidc:
    """Signing in by one provider.

    Parameters
    ----------
    params : OidcParams
        Which.
    keys : Keys
        Of the server.
    """

    def __init__(self, params: OidcParams, keys: Keys) -> None:
        self.params, self.keys = params, keys
        self._known: dict[str, Any] = {}

    def start(self, back: str, *, now: datetime) -> tuple[str, str]:
        """Return where to go, and what the browser keeps meanwhile.

        Parameters
        ----------
        back : str
            URL to which the provider sends back.
        now : datetime
            The time, with its zone.

        Returns
        -------
        str, str
            URL and cookie.
        """
        cookie = f"{int(now.timestamp())}.{new_token()}"
        wish = {
            "response_type": "code",
            "client_id": self.params.client_id,
            "redirect_uri": back,
            "scope": "openid email profile",
            "state": self._part("state", cookie),
            "nonce": self._part("nonce", cookie),
            "code_challenge": create_s256_code_challenge(self._part("verifier", cookie)),
            "code_challenge_method": "S256",
        }
        place = str(self._about()["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{urlencode(wish)}", cookie

    def finish(self, doors: Doors, given: tuple[str, str, str], back: str, came: Came) -> User:
        """Return the user that the provider vouches for; who is not known yet gets no role.

        Parameters
        ----------
        doors : Doors
            Of the server.
        given : tuple of str
            Code, state and cookie.
        back : str
            URL to which the provider sent back.
        came : Came
            What came with the request.

        Returns
        -------
        User
            By her verified e-mail.

        Raises
        ------
        RefusedError
            If anything is not as it was asked for; which, the audit log knows.
        """
        email = ""
        try:
            claims = self._claims(given, back, doors.clock())
            email = str(claims.get("email") or "").strip().lower()
            if claims.get("email_verified") is not True or not email:
                raise _WrongError("no verified e-mail")
            user = doors.accounts.by_email(email)
            if user is not None and user.disabled:
                raise _WrongError("disabled")
            if user is None:
                row = {"id": new_id("u"), "email": email, "name": str(claims.get("name") or "")}
                user = doors.accounts.add(row | {"name": row["name"][:200]}, now=doors.clock())
                doors.note("user.made", NOBODY, user=user.id, by="oidc")
            return user
        except _WrongError as error:
            why = str(error)
        except (CoterieError, JoseError, httpx.HTTPError, ValueError, KeyError) as error:
            why = type(error).__name__
        told = {"address": doors.hidden(came.address), "by": "oidc", "why": why}
        doors.note("sign-in.refused", NOBODY, email=doors.hidden(email) if email else "", **told)
        raise RefusedError(401, f"Signing in with {self.params.name} did not work.", code="wrong")

    def _claims(self, given: tuple[str, str, str], back: str, now: datetime) -> Mapping[str, Any]:
        code, state, cookie = given
        if not cookie or not is_same(state, self._part("state", cookie)):
            raise _WrongError("state")
        set_out = datetime.fromtimestamp(int(cookie.partition(".")[0]), now.tzinfo)
        if not timedelta() <= now - set_out <= SETS_OUT:
            raise _WrongError("late")
        about = self._about()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": self._part("verifier", cookie),
        }
        us = (self.params.client_id, self.params.client_secret)
        with _client() as client:
            answer = client.post(str(about["token_endpoint"]), data=form, auth=us)
            answer.raise_for_status()
        token = jwt.decode(
            str(answer.json()["id_token"]), self._keys(), algorithms=list(ALGORITHMS)
        )
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": self.params.issuer},
                "aud": {"essential": True, "value": self.params.client_id},
            },
            params={"nonce": self._part("nonce", cookie), "client_id": self.params.client_id},
        )
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
        return dict(claims)

    def _part(self, what: str, cookie: str) -> str:
        return self.keys.mac(f"oidc {what}", cookie)

    def _about(self) -> Mapping[str, Any]:
        """Return what the provider says of itself; it is asked once."""
        if "about" not in self._known:
            place = f"{self.params.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                with _client() as client:
                    told = client.get(place).raise_for_status().json()
                if told["issuer"] != self.params.issuer:
                    raise ValueError("another issuer")
            except (httpx.HTTPError, ValueError, KeyError) as error:
                raise RefusedError(
                    502, f"{self.params.name} does not answer as it should.", code="provider"
                ) from error
            self._known["about"] = told
        found: Mapping[str, Any] = self._known["about"]
        return found

    def _keys(self) -> KeySet:
        """Return the provider's keys as they are now: it may change them at any time."""
        with _client() as client:
            told = client.get(str(self._about()["jwks_uri"])).raise_for_status().json()
        return KeySet.import_key_set(told)


def _client() -> httpx.Client:
    return httpx.Client(timeout=10, follow_redirects=False, trust_env=False)
