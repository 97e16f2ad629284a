"""Two-tower, full profile x the item's picture: reaches items of which nothing but a picture is known.

    e_u = tower(sum_j x_j T_j / ||x||)
    e_i = tower(convolutions(picture))          64 x 96 RGB

Shapes: x [I], T [I, H], picture [96, 64, 3]. Towers, losses and what differs from the papers: training/two_tower.py.

    menagerie train two_tower_image --data interactions.parquet --out zoo --pictures posters/
    python -m training.two_tower_image --help

Expected: nDCG@100 0.221 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.179 to 0.265);
popularity 0.199. Its pictures there are our own posters, which encode genre and decade by construction.
"""

from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.two_tower import fit_as
from training.two_tower_settings import configured
from zoo.card import About

ABOUT = About(
    name="two_tower_image",
    title="Two-tower (picture)",
    family="two-tower",
    summary="Looks at the picture of each item, and offers what looks like what you chose, new items too.",
    equation=r"s_{ui} = e_u^\top f(\text{picture}_i)",
    paper="Huang et al. 2013, doi:10.1145/2505515.2505665; McAuley et al. 2015, arXiv:1506.04757 (pictures)",
)

Config = configured(
    user_inputs="profile",
    item_inputs="picture",
    profile_dropout=0.3,
    batch_size=2048,
    n_epochs=8,
    patience=2,
)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    return fit_as(ABOUT.name, X, config, run)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
