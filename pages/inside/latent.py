"""What is inside a model: each idea of the lecture beside its equation, to be touched."""

import streamlit as st

from pages.parts import frame, latent, latent_cloud, latent_l2, latent_noise, latent_rank, latent_towers, taste

SHOW = {
    "cloud": latent_cloud.show,
    "noise": latent_noise.show,
    "rank": latent_rank.show,
    "l2": latent_l2.show,
    "towers": latent_towers.show,
}

frame.title("Latent", "The ideas inside the models, one at a time: move what they are made of, and see your list move.")
data = frame.dataset()
taste.bar(data)
idea = latent.pick(data)
if not idea:
    st.info("This zoo has no model whose inside can be shown.")
    frame.end()
SHOW[idea](data, taste.current(data))
