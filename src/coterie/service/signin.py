"""Signing in, out, and changing one's password: the same words whatever was wrong."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response

from coterie.service.access import too_many
from coterie.service.auth import Doors, hash_token, new_token, who_is
from coterie.service.came import PLAIN, SECURE, Came
from coterie.service.passwords import check_password, hash_password, is_old, is_right
from coterie.service.problems import RefusedError
from coterie.service.who import NOBODY, Who
from coterie.store.accounts import LONGEST, User

_WRONG = "E-mail or password is wrong."


def check_user(doors: Doors, email: str, password: str, came: Came) -> User:
    """Return the user whose e-mail and password these are.

    Parameters
    ----------
    doors : Doors
        Of the server.
    email, password : str
        As they were typed.
    came : Came
        Where from.

    Returns
    -------
    User
        Who may sign in.

    Raises
    ------
    RefusedError
        If they are not right, or there were too many tries.
    """
    now = doors.clock()
    account = doors.keys.mac("attempt", f"account {email.strip().lower()}")
    address = doors.keys.mac("attempt", f"address {came.address}")
    told = {"email": doors.hidden(email.strip().lower()), "address": doors.hidden(came.address)}
    wait = doors.attempts.begin(account, address, now=now)
    if wait:
        doors.note("sign-in.refused", NOBODY, **told, why="too_many")
        raise too_many(wait)
    user = doors.accounts.by_email(email)
    right = is_right(user.password if user else None, password)
    if user is None or user.disabled or not right:
        doors.note("sign-in.refused", NOBODY, **told, why="wrong")
        raise RefusedError(401, _WRONG, code="wrong")
    doors.attempts.succeeded(account, address)
    return user


def sign_in(doors: Doors, email: str, password: str, came: Came, response: Response) -> str:
    """Begin a session for whoever knows the password.

    Parameters
    ----------
    doors : Doors
        Of the server.
    email, password : str
        As they were typed.
    came : Came
        Where from; a session that was there ends.
    response : Response
        Gets the cookie.

    Returns
    -------
    str
        The token.
    """
    user = check_user(doors, email, password, came)
    if is_old(user.password or ""):
        doors.accounts.change(user.id, {"password": hash_password(password)})
    return begin(doors, user, came, response)


def begin(doors: Doors, user: User, came: Came, response: Response, *, by: str = "password") -> str:
    """Begin a session under a new token, and end the one that was there.

    Parameters
    ----------
    doors : Doors
        Of the server.
    user : User
        Who may sign in.
    came : Came
        What came with the request.
    response : Response
        Gets the cookie.
    by : str, optional
        What proved who she is.

    Returns
    -------
    str
        The token.
    """
    now, token = doors.clock(), new_token()
    if came.cookie:
        doors.accounts.end_session(hash_token(came.cookie))
    doors.accounts.begin_session(user.id, hash_token(token), now=now)
    doors.forget()
    doors.note("sign-in", who_is(user), by=by, address=doors.hidden(came.address))
    _set(doors, response, token, now)
    return token


def end(doors: Doors, who: Who, response: Response) -> None:
    """Sign out.

    Parameters
    ----------
    doors : Doors
        Of the server.
    who : Who
        Whose session ends.
    response : Response
        Takes the cookie away.
    """
    doors.accounts.end_session(who.session)
    doors.forget()
    doors.note("sign-out", who)
    name = SECURE if doors.params.secure else PLAIN
    response.delete_cookie(name, secure=doors.params.secure, httponly=True, samesite="lax")


def change_password(doors: Doors, who: Who, old: str, new: str, came: Came) -> User:
    """Change one's own password; all sessions end.

    Parameters
    ----------
    doors : Doors
        Of the server.
    who : Who
        A user who is signed in.
    old, new : str
        As they were typed.
    came : Came
        Where from.

    Returns
    -------
    User
        As she is now.

    Raises
    ------
    ParameterError
        If the new one will not do.
    RefusedError
        If the old one is wrong.
    """
    user = check_user(doors, who.email, old, came)
    kept = hash_password(check_password(new, user.email, user.name))
    changed = doors.accounts.change(user.id, {"password": kept, "temporary": False})
    doors.forget()
    doors.note("user.password", who)
    return changed or user


def _set(doors: Doors, response: Response, token: str, now: datetime) -> None:
    response.set_cookie(
        SECURE if doors.params.secure else PLAIN,
        token,
        expires=now + LONGEST,
        secure=doors.params.secure,
        httponly=True,
        samesite="lax",
        path="/",
    )
