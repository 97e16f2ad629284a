"""Two-tower, one-hot user x one-hot item: matrix factorisation. Memory-based: it knows only the users of its training.

    e_u = E_users[u], e_i = E_items[i]          a tower whose input is one-hot is a table
    s_ui = e_u . e_i                            no bias, no activation

Shapes: E_users [U, K], E_items [I, K]. Towers, losses and what differs from the papers: training/two_tower.py.

    menagerie train two_tower_id --data interactions.parquet --out zoo --split leave-last-out --set loss=bpr
    python -m training.two_tower_id --help

Expected: recall@20 0.120 on MovieLens latest-small under leave-last-out (610 test users; 95 % interval 0.095 to 0.146);
popularity 0.070 (0.053 to 0.092).
"""

from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.two_tower import fit_as
from training.two_tower_settings import configured
from zoo.card import About

ABOUT = About(
    name="two_tower_id",
    title="Two-tower (id)",
    family="two-tower",
    summary="Remembers one point per person and one per item, and offers what lies in your direction.",
    equation=r"s_{ui} = e_u^\top e_i",
    paper="Rendle et al. 2009, arXiv:1205.2618; Yi et al. 2019, doi:10.1145/3298689.3346996",
    input="users",
    dislikes="exempt",  # there is no vector of "whoever dislikes this"
)

Config = configured(
    user_inputs="one_hot",
    item_inputs="one_hot",
    l2=0.001,
    learning_rate=0.005,
    batch_size=512,
    n_epochs=20,
    patience=5,
)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    return fit_as(ABOUT.name, X, config, run)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
