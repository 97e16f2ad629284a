"""Signing in at a real OpenID provider, in a real browser: who sees what, who is refused, and that leaving ends it."""

from collections.abc import Iterator
from pathlib import Path

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import Page, expect

from benchmarks.load.served import free_port
from tests.browser.conftest import serving

MARKER = "quokka"  # in every address: the log must not hold it


def user(name: str, **claims: object) -> User:
    address = f"{name}.{MARKER}@example.com"
    return User(sub=name, claims={"email": address, "email_verified": True} | claims)


USERS = [
    user("vera"),
    user("oscar", roles=["operator"]),
    user("eve", email=f"eve.{MARKER}@evil-example.com"),
]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sign-in") / "log.txt"


@pytest.fixture(scope="module")
def guarded(log: Path) -> Iterator[str]:
    """The app over an empty zoo, for people of example.com."""
    port = free_port()
    with oidc_provider_mock.run_server_in_thread(user_claims=USERS) as provider:
        environment = {
            "MENAGERIE_SIGN_IN": "on",
            "MENAGERIE_VIEWERS": "@example.com",
            "MENAGERIE_LOG": "json",
            "OIDC_REDIRECT_URI": f"http://localhost:{port}/oauth2callback",
            "OIDC_COOKIE_SECRET": "of this test alone",
            "OIDC_CLIENT_ID": "menagerie",
            "OIDC_CLIENT_SECRET": "of this test alone",
            "OIDC_SERVER_METADATA_URL": f"http://localhost:{provider.server_port}/.well-known/openid-configuration",
        }
        with serving(log.parent / "zoo", log, port, **environment) as address:
            yield address


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("heading", level=1).first.wait_for()


def sign_in(page: Page, name: str) -> None:
    page.wait_for_function("() => sessionStorage.getItem('menagerie-came-for') === location.href")  # the door stands
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name).click()


def test_who_signs_in_sees_what_the_role_opens_and_is_refused_the_rest(guarded, page, log):
    for path in ("operate", "train", ""):
        open_page(page, f"{guarded}/{path}")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_role("link", name="Recommend")).to_have_count(0)
        expect(page.get_by_text("The zoo is empty")).to_have_count(0)

    sign_in(page, "vera")
    expect(page.get_by_text("Signed in · viewer")).to_be_visible()
    expect(page.get_by_role("link", name="Bring", exact=True)).to_be_visible()
    for closed in ("Train", "Bring a model", "Operate"):
        expect(page.get_by_role("link", name=closed, exact=True)).to_have_count(0)
    for path in ("operate", "train", "model"):
        open_page(page, f"{guarded}/{path}")
        expect(page.get_by_text("Not open to you")).to_be_visible()
    expect(page.get_by_text("Visitors now")).to_have_count(0)

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # the provider asks, too
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    open_page(page, f"{guarded}/operate")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    sign_in(page, "oscar")
    page.wait_for_url("**/operate")
    for opened in ("Train", "Bring a model", "Operate"):
        expect(page.get_by_role("link", name=opened, exact=True)).to_be_visible()
    expect(page.get_by_text("Visitors now")).to_be_visible()  # which page was asked for, before the sign-in
    assert MARKER not in log.read_text()


def test_a_look_alike_of_the_domain_gets_no_further_than_the_door(guarded, page):
    open_page(page, guarded)
    sign_in(page, "eve")
    page.get_by_role("heading", name="No access").wait_for()
    expect(page.get_by_role("link", name="Recommend")).to_have_count(0)
    open_page(page, f"{guarded}/operate")
    page.get_by_role("heading", name="No access").wait_for()


def test_a_link_survives_the_sign_in_once(guarded, page):
    open_page(page, f"{guarded}/compare?data=films&models=ease")
    sign_in(page, "vera")
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    expect(page.get_by_text("Not everything in this link could be used.")).to_be_visible()  # the zoo is empty
    assert page.url.startswith(f"{guarded}/compare")
    open_page(page, guarded)
    page.get_by_role("heading", name="Recommend", level=1).wait_for()
    page.wait_for_timeout(1000)
    assert "/compare" not in page.url
