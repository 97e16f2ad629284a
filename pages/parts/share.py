"""A link to the view that is open, to be copied: one button, beside the headline of every page."""

from pages.parts import address, cached, state
from pages.parts.component import component
from pages.parts.state import Visit
from zoo.dataset import Dataset

_share = component("share")


def button() -> None:
    """Once on every page. The address holds the view already; here stands what it does not hold, and what to ask."""
    name = state.kept("dataset")
    data = cached.dataset(name) if name in cached.zoo().datasets() else None
    told = {"of": None, "data": None, "link": {"taste": None, "ask": None, "cut": None}}
    if data is not None:
        link = _link(data, state.visit(data.info.fingerprint))
        told = {"of": data.info.fingerprint, "data": data.name, "link": link}
    _share(key="share", data=told)


def _link(data: Dataset, visit: Visit) -> dict:
    """A taste that is not in the address, and what to say of it first or afterwards."""
    if not visit.own:
        return {"taste": None, "ask": None, "cut": None}
    link, cut = address.of_taste(data, visit)
    n, fit = (len(held) for held in (visit.likes + visit.dislikes + visit.seen, link.like + link.dislike + link.seen))
    ask = (
        f"Your taste came from a file and was kept out of the address. The link will hold the ids of {fit:,} items: "
        "whoever has it can read them."
    )
    said = f"An address cannot hold more: it has the latest {fit:,} of {n:,} items."
    return {
        "taste": link.query() if visit.private else None,
        "ask": ask if visit.private else None,
        "cut": said if cut else None,
    }
