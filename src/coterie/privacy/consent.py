"""Who may be written to: a column of the customer table, found by its name or by the settings.

Without such a column nobody is held back. Where there is one, who says nothing has not agreed,
unless the column is one of refusals.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from coterie.engine.sql import identifier
from coterie.errors import ParameterError


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_AGREED = _set(
    "consent optin marketingconsent emailconsent consentmarketing marketingoptin emailoptin "
    "newsletteroptin einwilligung werbeeinwilligung consentement"
)
_REFUSED = _set(
    "donotcontact donotemail donotmail optout optedout unsubscribed marketingoptout emailoptout "
    "robinson werbesperre"
)
_YES = "'true', 't', '1', '1.0', 'yes', 'y', 'ja', 'oui', 'si', 'sí'"


@dataclass(frozen=True)
class Consent:
    """The column that says who may be written to.

    Parameters
    ----------
    column : str
        Its name.
    refuses : bool
        Whether yes means that she may not.
    """

    column: str
    refuses: bool

    @property
    def sql(self) -> str:
        """Condition that holds for whoever may be written to; never NULL."""
        said = f"lower(trim(CAST({identifier(self.column)} AS VARCHAR)))"
        yes = f"COALESCE({said} IN ({_YES}), FALSE)"
        return f"NOT {yes}" if self.refuses else yes


def find_consent(columns: Collection[str], wanted: str = "") -> Consent | None:
    """Return the column of consent, or None if there is none.

    Parameters
    ----------
    columns : collection of str
        Those of the customer table.
    wanted : str, optional
        As ``[privacy] consent`` has it; empty: told by the name, and a column of refusals wins.

    Returns
    -------
    Consent or None
        Of several columns of a kind the first.

    Raises
    ------
    ParameterError
        If there is no column of the wanted name.

    Examples
    --------
    >>> find_consent(["age", "Marketing_Consent"])
    Consent(column='Marketing_Consent', refuses=False)
    >>> find_consent(["opt_in", "do_not_contact"]).sql.startswith("NOT")
    True
    """
    if wanted and wanted not in columns:
        raise ParameterError.unknown("privacy.consent", wanted, columns)
    asked = [wanted] if wanted else columns
    refusing = _first(asked, _REFUSED)
    if refusing:
        return Consent(refusing, refuses=True)
    agreeing = wanted or _first(asked, _AGREED)
    return Consent(agreeing, refuses=False) if agreeing else None


def _first(columns: Iterable[str], known: Collection[str]) -> str:
    flat = ((re.sub(r"[\W_]", "", column.casefold()), column) for column in columns)
    return next((column for name, column in flat if name in known), "")
