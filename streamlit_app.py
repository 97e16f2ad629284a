"""The frame of the app: navigation and theme. Pages live in pages/<section>/; this is the only router.

menagerie serve --zoo ZOO          or: MENAGERIE_ZOO=ZOO streamlit run streamlit_app.py
"""

import streamlit as st

from pages.parts import loading

if __name__ == "__main__":  # for one visitor, at every click
    loading.wait()
    from pages.parts import access, frame
    from pages.parts.component import WEB

    st.logo(str(WEB / "logo.svg"), size="large")
    with frame.show_errors():
        page = st.navigation(
            {
                "Try": [
                    access.page("try/recommend", "Recommend", default=True),
                    access.page("try/compare", "Compare"),
                    access.page("try/prompt", "Prompt"),
                    access.page("try/what_if", "What if", url="what-if"),
                ],
                "Measure": [
                    access.page("measure/leaderboard", "Leaderboard"),
                    access.page("measure/segments", "Segments"),
                    access.page("measure/catalogue", "Catalogue"),
                ],
                "Inside": [
                    access.page("inside/cards", "Zoo", url="zoo"),
                    access.page("inside/similar", "Similar"),
                    access.page("inside/latent", "Latent"),
                ],
                "Data": [
                    access.page("data/bring", "Bring"),
                    access.page("data/model", "Bring a model"),
                    access.page("data/train", "Train"),
                    access.page("data/operate", "Operate"),
                ],
            },
            position="sidebar" if access.role() else "hidden",
            expanded=True,
        )
        st.set_page_config(page_title=f"{page.title} · Menagerie", page_icon=str(WEB / "icon.svg"), layout="wide")
        frame.run(page)
else:  # once, for the server: Streamlit finds an app of this kind by its name
    from pages.parts import asgi

    app = st.App(__file__, **asgi.options())
