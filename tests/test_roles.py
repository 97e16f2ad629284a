"""Who is what: a table of cases, strangers' tricks among them."""

import pytest

from zoo.roles import Role, is_closed, role_of
from zoo.settings import Settings

OPEN = Settings(sign_in=True, operators=("boss@example.com",), analysts=("@example.com",), viewers=("*",))
SHUT = Settings(sign_in=True, operators=("boss@example.com",), analysts=("@example.com",), viewers=("@example.org",))
NESTED = Settings(sign_in=True, role_claim="realm_access.roles")
DOTTED = Settings(sign_in=True, role_claim="https://example.com/roles")


def person(email: object, **claims: object) -> dict[str, object]:
    return {"email": email, "email_verified": True} | claims


@pytest.mark.parametrize(
    ("settings", "role"),
    [
        (Settings(), Role.OPERATOR),
        (Settings(hosted=True), Role.VIEWER),
        (Settings(hosted=True, operators=("*",)), Role.VIEWER),
        (Settings(sign_in=True), None),
        (Settings(sign_in=True, hosted=True), None),
        (Settings(sign_in=True, operators=("*",)), None),
    ],
)
def test_without_a_visitor_who_signed_in_the_place_decides(settings, role):
    assert role_of(None, settings) is role


@pytest.mark.parametrize(
    ("user", "open_to_all", "shut"),
    [
        (person("boss@example.com"), Role.OPERATOR, Role.OPERATOR),
        (person("Boss@Example.COM"), Role.OPERATOR, Role.OPERATOR),
        (person("ann@example.com"), Role.ANALYST, Role.ANALYST),
        (person("eve@example.org"), Role.VIEWER, Role.VIEWER),
        (person("eve@example.net"), Role.VIEWER, None),
        # look-alikes of a domain
        (person("eve@evil-example.com"), Role.VIEWER, None),
        (person("eve@sub.example.com"), Role.VIEWER, None),
        (person("eve@example.com.evil.net"), Role.VIEWER, None),
        (person("eve@example.com@evil.net"), Role.VIEWER, None),
        (person("eve@evil.net@example.com"), Role.VIEWER, None),
        (person('"eve@example.com"@evil.net'), Role.VIEWER, None),
        (person("eve@examp\u217ce.com"), Role.VIEWER, None),  # a small Roman numeral for the l
        (person("BOSS@eXample.com".replace("S", "\u017f")), Role.VIEWER, None),  # a long s, which upper() makes an S
        (person("boss@example.com\n"), Role.VIEWER, None),
        (person("boss@example.com\x00"), Role.VIEWER, None),
        (person(" boss@example.com"), Role.VIEWER, None),
        (person("@example.com"), Role.VIEWER, None),
        (person("boss@"), Role.VIEWER, None),
        (person(""), Role.VIEWER, None),
        (person(None), Role.VIEWER, None),
        (person(["boss@example.com"]), Role.VIEWER, None),
        (person("*"), Role.VIEWER, None),
        # addresses that nobody made sure of
        ({"email": "boss@example.com"}, Role.VIEWER, None),
        (person("boss@example.com", email_verified=False), Role.VIEWER, None),
        (person("boss@example.com", email_verified=None), Role.VIEWER, None),
        (person("boss@example.com", email_verified="false"), Role.VIEWER, None),
        (person("boss@example.com", email_verified="yes"), Role.VIEWER, None),
        (person("boss@example.com", email_verified=["true"]), Role.VIEWER, None),
        (person("boss@example.com", email_verified="true"), Role.OPERATOR, Role.OPERATOR),
        ({}, Role.VIEWER, None),
        # claims
        ({"roles": "operator"}, Role.OPERATOR, Role.OPERATOR),
        ({"roles": ["viewer", "analyst"]}, Role.ANALYST, Role.ANALYST),
        ({"roles": ["Operator"]}, Role.OPERATOR, Role.OPERATOR),
        ({"roles": ("viewer",)}, Role.VIEWER, Role.VIEWER),
        ({"roles": "not operator"}, Role.VIEWER, None),
        ({"roles": "operators"}, Role.VIEWER, None),
        ({"roles": ["co-operator", 3, None, {"operator": True}]}, Role.VIEWER, None),
        ({"roles": {"operator": True}}, Role.VIEWER, None),
        ({"roles": 3}, Role.VIEWER, None),
        ({"role": "operator"}, Role.VIEWER, None),
        (person("ann@example.com", roles=["viewer"]), Role.ANALYST, Role.ANALYST),  # the higher one counts
        (person("eve@evil.net", roles=["analyst"]), Role.ANALYST, Role.ANALYST),
    ],
)
def test_a_role_comes_from_the_claim_or_from_an_address_that_is_certain(user, open_to_all, shut):
    assert role_of(user, OPEN) is open_to_all
    assert role_of(user, SHUT) is shut


def test_a_claim_may_stand_within_another_or_have_a_name_with_dots():
    assert role_of({"realm_access": {"roles": ["operator"]}}, NESTED) is Role.OPERATOR
    assert role_of({"realm_access": ["operator"]}, NESTED) is Role.VIEWER
    assert role_of({"realm_access.roles": "analyst", "realm_access": {"roles": ["operator"]}}, NESTED) is Role.ANALYST
    assert role_of({"https://example.com/roles": ["analyst"]}, DOTTED) is Role.ANALYST


def test_an_empty_list_names_nobody():
    nobody = Settings(sign_in=True, viewers=())
    assert role_of(person("boss@example.com"), nobody) is None


def test_roles_are_ordered():
    assert Role.VIEWER < Role.ANALYST < Role.OPERATOR


@pytest.mark.parametrize(
    ("settings", "closed"),
    [
        (Settings(), set()),
        (Settings(hosted=True), {"train"}),
        (Settings(hosted=True, training="on"), set()),
        (Settings(training="off"), {"train"}),
        (Settings(closed=("model", "latent")), {"model", "latent"}),
        (Settings(training="on", closed=("train",)), {"train"}),
    ],
)
def test_pages_are_closed_by_name_and_training_where_strangers_come(settings, closed):
    assert {page for page in ("", "train", "model", "latent", "operate") if is_closed(page, settings)} == closed
