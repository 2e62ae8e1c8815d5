"""Attributes that are protected by law, and places, told by their names and values.

Names are matched word by word in a few languages, so that ``package`` is not an age;
values decide only where they leave no doubt (male and female; married and single).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NAMES: dict[str, frozenset[str]] = {
    "age": _set(
        "age ages alter edad idade eta birth birthday birthdate birthyear dob yob born geburt "
        "geburtsdatum geburtstag geburtsjahr naissance nacimiento nascimento senior"
    )
    | {"senior citizen", "seniorcitizen"},
    "gender": _set("gender sex geschlecht sexe sexo genre genero anrede salutation"),
    "marital status": _set("marital married marriage spouse partner familienstand matrimonial")
    | {"civil status", "etat civil", "estado civil"},
    "ethnicity": _set(
        "ethnicity ethnic race ethnie etnia origin herkunft nationality nationalitat "
        "citizenship migration"
    ),
    "health": _set(
        "health disability disabled illness disease diagnosis pregnant pregnancy bmi gesundheit "
        "krankheit behinderung sante salud"
    ),
    "religion": _set("religion faith church konfession religiose confession"),
    "postcode": _set("postcode postalcode zip zipcode plz postleitzahl cep")
    | {"postal code", "post code", "zip code", "code postal", "codigo postal"},
}
_NOT_A_PERSON = _set(
    "account order orders days contract membership tenure product item card device "
    "shipping page visit session"
)
"""Words after which an age or an origin is not that of a person."""

_VALUES: dict[str, tuple[frozenset[str], int]] = {
    "gender": (
        _set("male female man woman men women mannlich weiblich homme femme m f w")
        | frozenset({"masculino", "femenino", "diverse", "other", "unknown", "non-binary"}),
        2,
    ),
    "marital status": (
        _set(
            "single married divorced widow widowed widower together separated "
            "ledig verheiratet geschieden verwitwet non-single unmarried"
        ),
        2,
    ),
    "religion": (
        _set("christian catholic protestant muslim jewish hindu buddhist sikh"),
        2,
    ),
}
_PLACES = _set(
    "country land region state city town settlement county province prefecture bundesland stadt "
    "ort pays pais ville ciudad provincia provinz district location area continent"
)


def words_of(name: str) -> list[str]:
    """Return the words of a column name in lower case, accents removed.

    Examples
    --------
    >>> words_of("Year_Birth"), words_of("SeniorCitizen"), words_of("Âge (ans)")
    (['year', 'birth'], ['senior', 'citizen'], ['age', 'ans'])
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    flat = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z]+", flat)


def protected_reason(name: str, values: Collection[str] = ()) -> str:
    """Say why an attribute counts as protected; '' if it does not.

    Parameters
    ----------
    name : str
        The user's column name.
    values : collection of str
        Its distinct values or labels, if they are few.

    Returns
    -------
    str
        For example ``"gender (by its name)"``.

    Examples
    --------
    >>> protected_reason("Year_Birth"), protected_reason("package"), protected_reason("account_age")
    ('age (by its name)', '', '')
    >>> protected_reason("q7", ["Male", "Female"])
    'gender (by its values)'
    """
    words = words_of(name)
    if not _NOT_A_PERSON & set(words):
        joined = " ".join(words)
        for kind, names in _NAMES.items():
            if names & set(words) or any(" " in phrase and phrase in joined for phrase in names):
                return f"{kind} (by its name)"
    lower = {value.strip().lower() for value in values}
    for kind, (known, least) in _VALUES.items():
        if len(lower & known) >= least and len(lower - known) <= len(lower & known):
            return f"{kind} (by its values)"
    return ""


def is_place(name: str) -> bool:
    """Tell whether a column holds a place: country, region, city, postcode.

    Examples
    --------
    >>> is_place("Settlement size"), is_place("Income")
    (True, False)
    """
    return bool(_PLACES & set(words_of(name))) or "postcode" in protected_reason(name)
