"""Two-tower, full profile x all that is known of the item; its one-hot is dropped at random, so that items without one
work.

    e_u = tower(sum_j x_j T_j / ||x||)
    e_i = tower(one_hot + text + picture + features)          one_hot: a learned "unknown" in half of the updates

Shapes: x [I], T [I, H]; see training/inputs.py. Towers, losses and what differs from the papers: training/two_tower.py.

    menagerie train two_tower_mixed --data interactions.parquet --out zoo
    python -m training.two_tower_mixed --help

Expected: nDCG@100 0.340 (95 % interval 0.327 to 0.354) on the films (800 simulated test users of strong:98765);
popularity 0.156, two_tower_text 0.343, two_tower_image 0.275.
"""

from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.two_tower import fit_as
from training.two_tower_settings import configured
from zoo.card import About

ABOUT = About(
    name="two_tower_mixed",
    title="Two-tower (mixed)",
    family="two-tower",
    summary="Puts together what an item is, what is written of it and how it looks, and makes do with less.",
    equation=r"s_{ui} = e_u^\top f(\text{id}_i, \text{text}_i, \text{picture}_i, \text{features}_i)",
    paper="Covington, Adams, Sargin 2016, doi:10.1145/2959100.2959190; Volkovs, Yu, Poutanen 2017 (DropoutNet)",
)

Config = configured(
    user_inputs="profile",
    item_inputs="one_hot+text+picture+features",
    profile_dropout=0.5,
    batch_size=2048,
)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    return fit_as(ABOUT.name, X, config, run)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
