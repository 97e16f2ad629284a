"""Who is best, how sure that is, and what it costs: models by metrics with intervals, and every two compared."""

import streamlit as st

from pages.parts import downloads, frame, incumbent, leaderboard, memo, pairs, protocol, tradeoff

frame.title("Leaderboard", "Which model ships? Figures with their uncertainty, and the users behind every number.")
data = frame.dataset()
protocol.pick(data)
top = st.container()
shown = leaderboard.controls(data)
if not shown.rows:
    st.info("No model of this data set has been measured yet: `menagerie evaluate --save` measures them.")
    incumbent.bring(data)
    frame.end()
with top:
    leaderboard.verdict(data, shown)
leaderboard.table(data, shown)
row = st.container(horizontal=True)
with row:
    downloads.take_home(lambda: pairs.figures_table(shown), f"{data.name}-figures", "Download figures")
    downloads.take_home(lambda: pairs.pairs_table(shown), f"{data.name}-comparisons", "Download comparisons")
incumbent.bring(data)
pairs.show(data, shown)
tradeoff.cost(data, shown)
tradeoff.two_metrics(data, shown)
with row:
    memo.offer_board(data, shown)
