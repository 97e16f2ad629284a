"""Two-tower, full profile x the item's own profile: an item is who chose it, as a user is what they chose.

    e_u = sum_j x_uj T_j / ||x_u||          without the item that is to be found
    e_i = sum_v x_vi V_v / ||x_i||          without the user who is asked

Shapes: x_u [I], x_i [U], T [I, K], V [U, K]. Towers, losses and what differs from the papers: training/two_tower.py.

    menagerie train two_tower_item_profile --data interactions.parquet --out zoo
    python -m training.two_tower_item_profile --help

Expected: nDCG@100 0.378 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.319 to 0.437);
popularity 0.199, EASE 0.411.
"""

from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.two_tower import fit_as
from training.two_tower_settings import configured
from zoo.card import About

ABOUT = About(
    name="two_tower_item_profile",
    title="Two-tower (item profile)",
    family="two-tower",
    summary="Reads you by what you chose and each item by who chose it, and brings the two together.",
    equation=r"s_{ui} = \frac{x_u T}{\lVert x_u \rVert} \Bigl(\frac{x_i V}{\lVert x_i \rVert}\Bigr)^{\!\top}",
    paper="Huang et al. 2013, doi:10.1145/2505515.2505665; Xue et al. 2017, doi:10.24963/ijcai.2017/447",
)

Config = configured(
    user_inputs="profile",
    item_inputs="profile",
    profile_dropout=0.3,
)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    return fit_as(ABOUT.name, X, config, run)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
