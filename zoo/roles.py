"""Who may do what: from what a sign-in says of a visitor, and from the settings, to a role. Pure.

    viewer     looks, asks, brings a file
    analyst    brings models and trains, too
    operator   publishes, and sees how the app is, too

On one's own machine everybody is an operator; where strangers come and nobody signs in, everybody is a viewer.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from zoo.errors import ZooError
from zoo.settings import Settings

EVERYBODY = "*"


class Role(IntEnum):
    VIEWER = 1
    ANALYST = 2
    OPERATOR = 3

    @property
    def title(self) -> str:
        """
        >>> Role.OPERATOR.title
        'operator'
        """
        return self.name.lower()


class NoAccess(ZooError):
    """Somebody asked for what their role does not allow, or for what is closed here."""


def role_of(user: Mapping[str, Any] | None, settings: Settings) -> Role | None:
    """The highest role that a claim or an e-mail address gives; None for somebody who may not come in.

    user : the claims of whoever signed in; None: nobody did. An address counts only where `email_verified` says that
        the provider made sure of it; a claim counts as it is, for only the provider can write it
    """
    if not settings.sign_in:
        return Role.VIEWER if settings.hosted else Role.OPERATOR
    if user is None:
        return None
    claimed = _claimed(user, settings.role_claim)
    email = _email(user)
    lists = {Role.OPERATOR: settings.operators, Role.ANALYST: settings.analysts, Role.VIEWER: settings.viewers}
    return next((role for role, names in lists.items() if role.title in claimed or _named(email, names)), None)


def _claimed(user: Mapping[str, Any], name: str) -> set[str]:
    """The words in the claim of this name: a text is one word, never several. "a.b" may stand for b within a."""
    value: Any = user.get(name)
    if value is None and "." in name:
        value = user
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    words = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return {word.strip().lower() for word in words if isinstance(word, str)}


def _email(user: Mapping[str, Any]) -> str | None:
    """The address of somebody, in lower case; None where it is not theirs for certain, or is none that we compare.

    Beyond ASCII, letters that look alike are others, and some turn into ASCII in lower case.
    """
    email = user.get("email")
    if user.get("email_verified") not in (True, "true") or not isinstance(email, str):
        return None
    plain = email.isascii() and email.isprintable() and " " not in email
    local, _, domain = email.lower().partition("@")
    return email.lower() if plain and local and domain else None


def _named(email: str | None, names: Iterable[str]) -> bool:
    """Whether a list names this address: itself, its whole domain, or everybody who signed in."""
    found = {name.lower() for name in names}
    return EVERYBODY in found or (email is not None and (email in found or f"@{email.partition('@')[2]}" in found))


def is_closed(page: str, settings: Settings) -> bool:
    """Whether a page is closed to everybody here. page : the last part of its address."""
    return page in settings.closed or (page == "train" and not settings.trains)
