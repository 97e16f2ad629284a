"""A table of text that is as wide as it needs to be: where the page is narrower, it scrolls in its own frame.

Not a table of Streamlit's, which takes pandas into the server, 60 MB; not markdown, whose frame no keyboard reaches.
"""

import html
from collections.abc import Collection, Mapping, Sequence

import streamlit as st

TALL, HEIGHT = 12, 440  # from so many rows on a table that may be long scrolls, in so many pixels


def show_long(rows: Sequence[Mapping[str, str]], name: str) -> None:
    """As `show`; where there are many rows, in a frame that scrolls, and where there is none, nothing."""
    if not rows:
        return
    with st.container(height=HEIGHT if len(rows) > TALL else "content", border=False):
        show(rows, name)


def show(rows: Sequence[Mapping[str, str]], name: str, code: Collection[str] = ()) -> None:
    """Rows of plain text, all with the same keys.

    Args:
        name: what a screen reader calls the table.
        code: the columns that are names of a program.
    """
    st.html(markup(rows, name, code))


def markup(rows: Sequence[Mapping[str, str]], name: str, code: Collection[str] = ()) -> str:
    """
    >>> markup([{"Model": "a<b"}], "Models")
    '<div class="wide-table" tabindex="0" role="region" aria-label="Models"><table><thead><tr><th scope="col">Model</th></tr></thead><tbody><tr><td>a&lt;b</td></tr></tbody></table></div>'
    """  # noqa: E501
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in rows[0])
    body = "".join(f"<tr>{''.join(_cell(*cell, code) for cell in row.items())}</tr>" for row in rows)
    frame = f'<div class="wide-table" tabindex="0" role="region" aria-label="{html.escape(name)}">'
    return f"{frame}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(column: str, value: str, code: Collection[str]) -> str:
    text = html.escape(value)
    return f"<td><code>{text}</code></td>" if column in code and value else f"<td>{text}</td>"
