"""What the Train page says before anything is brought."""

import streamlit as st

from pages.parts import frame
from pages.parts.downloads import template
from zoo.jobs import ahead

TEMPLATE = "user_id,item_id,rating,timestamp\nanna,alien,5,1700000000\nanna,heat,2,1700086400\nben,alien,4,1700172800\n"


def stop_without_torch() -> None:
    """The app needs no torch; training does. Where it is missing, the page ends with the way to get it."""
    if not (missing := ahead.missing()):
        return
    with st.container(border=True):
        st.markdown(
            "## Training is not installed here\n\nThe app runs without it. To train on this server, install it once, "
            "in the folder of the checkout, and start the app again:"
        )
        st.code("pip install -e '.[train]'", language="sh")
        st.caption(f"Missing: {', '.join(missing)}. Trained elsewhere, a zoo is a folder: `menagerie serve --zoo ZOO`.")
    frame.end()


def explain() -> None:
    """The empty state: what a file must hold, and what becomes of it."""
    with st.container(border=True):
        st.markdown(
            "## What to bring\n\n"
            "One row per choice, of **many people**: a column for the **user** and one for the **item**. A **rating** "
            "may stand beside it (few stars are no like), and a **time**.\n\n"
            "What is known of the items, if you have it, in a second file: **item id**, **title**, **year**, "
            "**genres**. Without it, items are shown by their ids.\n\n"
            "**Nobody else sees your data. It is kept on the server until the training has ended; what came out of it "
            "goes half an hour after you have left.**"
        )
        template(TEMPLATE, "choices.csv")
