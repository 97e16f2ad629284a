"""Two-tower, full profile x one-hot item: who you are is what you chose, so that a new user needs no training.

    e_u = sum_j x_j T_j / ||x||, e_i = E_items[i]          without the item that is to be found
    s_ui = e_u . e_i          as `asymmetric_svd` scores with W_in = T, W_out = E_items^T, divided by ||x||

Shapes: x [I], T [I, K], E_items [I, K]. Towers, losses and what differs from the papers: training/two_tower.py.

    menagerie train two_tower_profile --data interactions.parquet --out zoo
    python -m training.two_tower_profile --help

Expected: nDCG@100 0.375 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.317 to 0.433);
popularity 0.199, EASE 0.411.
"""

from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.two_tower import fit_as
from training.two_tower_settings import configured
from zoo.card import About

ABOUT = About(
    name="two_tower_profile",
    title="Two-tower (profile)",
    family="two-tower",
    summary="Adds up what you chose into one point, and offers the items that lie in its direction.",
    equation=r"s_{ui} = \Bigl(\frac{x_u}{\lVert x_u \rVert} T\Bigr) e_i^\top",
    paper="Covington, Adams, Sargin 2016, doi:10.1145/2959100.2959190; Yi et al. 2019, doi:10.1145/3298689.3346996",
)

Config = configured(
    user_inputs="profile",
    item_inputs="one_hot",
    profile_dropout=0.5,
)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    return fit_as(ABOUT.name, X, config, run)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
