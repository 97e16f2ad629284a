"""Two-tower (id), folded in: the item vectors of a memory-based model, and a user vector found for whoever comes.

    E_items as two_tower_id learns them, and then kept as they are
    e = argmin ||x - E_items e||^2 + l2 ||e||^2          the user's vector, by least squares over all items      [K]
      = (E_items^T E_items + l2 I)^-1 E_items^T x
    scores = E_items e = x S, S = E_items (E_items^T E_items + l2 I)^-1 E_items^T: symmetric, of rank K

So a new profile is answered without training again; but what two_tower_id learned of its own users is not used, and
the loss by which E_items was learned is another one than the one by which e is found. An entry of its own, because its
lists are not those of two_tower_id, for its users neither.

Shapes: x [I], E_items [I, K]. Towers, losses and what differs from the papers: training/two_tower.py.

Differs from the papers:
1. Folding-in of new rows is as old as latent semantic indexing (Deerwester et al. 1990), where the columns of E are
   orthonormal and S = E E^T; here they are not. Hu, Koren, Volinsky 2008 (equation 4) weigh what was chosen more than
   what was not; with equal weights one matrix serves everybody, and the fold-in is a linear autoencoder.

    menagerie train two_tower_id_fold_in --data interactions.parquet --out zoo
    python -m training.two_tower_id_fold_in --help

Expected: nDCG@100 0.362 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.309 to 0.415);
popularity 0.199, PureSVD 0.398.
"""

from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional as F

from training import two_tower_id
from training.inputs import summed
from training.model import Fitted, Run, setting
from training.scorers import LinearAutoencoder
from training.towers import TwoTower
from training.two_tower import fit_as
from zoo.card import About

ABOUT = About(
    name="two_tower_id_fold_in",
    title="Two-tower (id, folded in)",
    family="two-tower",
    summary="Takes the item vectors of a model that knows its own users only, and works out a vector for you at once.",
    equation=r"e = (E^\top E + \lambda I)^{-1} E^\top x, \quad s = E e",
    paper="Hu, Koren, Volinsky 2008, doi:10.1109/ICDM.2008.22; Deerwester et al. 1990",
    dislikes="linear",
)


@dataclass(frozen=True)
class Config(two_tower_id.Config):
    fold_in_l2: float = setting(30.0, "Weight of the squared length of the user's vector when it is found.", low=1e-6)


class FoldIn(LinearAutoencoder):
    """scores = E (E^T E + l2 I)^-1 E^T x. E [I, K]; the embedding is e."""

    def __init__(self, E: Tensor, l2: float):
        gram = E.T.double() @ E.double()  # E^T E                                                           [K, K]
        gram.diagonal().add_(l2)
        super().__init__(torch.linalg.solve(gram, E.T.double()).T.to(E.dtype).contiguous(), E.T.contiguous())

    def scores(self, x: csr_array) -> Tensor:
        """Of sparse rows x [B, I]."""
        return F.linear(summed(x, self.W_in), self.W_out.T)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    def folded_in(model: TwoTower) -> FoldIn:
        return FoldIn(model.served().E_items, config.fold_in_l2)

    return fit_as(ABOUT.name, X, config, run, serve=folded_in)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
