"""A deep autoencoder: the full profile in, all items out, through a bottleneck and two hidden layers.

Sedhain, Menon, Sanner, Xie 2015, "AutoRec: Autoencoders Meet Collaborative Filtering", doi 10.1145/2740908.2742726,
with the likelihood of Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814.

    h = tanh(W_1 x / ||x|| + b_1)                            encoder
    e = tanh(W_2 h + b_2)                                    the code: K numbers for a person
    scores = W_4 tanh(W_3 e + b_3) + b_4                     decoder

    loss = distance(scores, x), mean over users              multinomial, bce or mse: training/deep.py

The target is the input, and nothing disturbs it on its way. A network as wide as the catalogue could learn to hand each
item through: no loss, and no recommendation. What keeps it from that is the bottleneck, K far below I: whoever has to
describe a person in K numbers must use what people have in common. (`denoising` gets there by noise instead.)

Shapes: x [B, I], h [B, H], e [B, K], scores [B, I]. The first layer touches only the items of the history.

Differs from the papers:
1. AutoRec has one hidden layer, sums the squared error over the observed ratings, and its better variant (I-AutoRec)
   reads an item's users. Here choices are all there is, an unobserved item counts as not chosen, and a user's row is
   read, so that a new profile can be answered.
2. The weights are kept small by decoupled weight decay (AdamW), not by a term l2/2 ||W||^2 in the loss.
3. The weights served are a running mean over the updates (decay `averaging`); b_4 starts at popularity.
4. The best epoch is the one with the highest nDCG@100 on the validation users.
5. Above 100,000 items (or with `n_sampled`) the softmax is over a sample of them: training/sampled.py.

    menagerie train autoencoder --data interactions.parquet --out zoo --set n_factors=64
    python -m training.autoencoder --help

Expected: nDCG@100 0.377 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.319 to 0.435);
popularity 0.199, Mult-VAE 0.390.
"""

from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training import deep, loop
from training.batches import Batch
from training.model import Fitted, Run, setting
from zoo.card import About

ABOUT = About(
    name="autoencoder",
    title="Autoencoder",
    family="deep autoencoder",
    summary="Sums your history up in a few numbers, and lists what people of such numbers choose.",
    equation=r"s = W_4 \tanh(W_3 e + b_3) + b_4, \quad e = \tanh(W_2 \tanh(W_1 x / \lVert x \rVert + b_1) + b_2)",
    paper="Sedhain et al. 2015, doi:10.1145/2740908.2742726; Liang et al. 2018, arXiv:1802.05814",
)


@dataclass(frozen=True)
class Config:
    hidden: int = setting(600, "Width of the layer before and after the code (H).", low=1)
    n_factors: int = setting(64, "Length of the code e (K): the bottleneck.", low=1)
    loss: str = setting("multinomial", "What is minimised.", choices=deep.LOSSES)
    l2: float = setting(1.0, "Weight decay: share of a weight lost per update, in units of learning_rate.", low=0.0)
    learning_rate: float = setting(1e-3, "Step of Adam.", low=1e-8, high=1.0)
    averaging: float = setting(0.98, "Decay of the running mean of the weights, per update.", low=0.0, high=0.9999)
    batch_size: int = setting(0, "Users per update; 0: a fiftieth of them, at least 100 and at most 500.", low=0)
    n_epochs: int = setting(100, "Passes over the users, at most.", low=1)
    patience: int = setting(10, "Epochs without a better validation nDCG@100 before stopping.", low=1)
    n_sampled: int = setting(-1, deep.N_SAMPLED, low=-1)
    precision: str = setting("tf32", deep.PRECISION, choices=deep.PRECISIONS)


class Autoencoder(deep.DeepAutoencoder):
    def code(self, X: csr_array | Batch) -> Tensor:
        """e [B, K] of sparse rows x."""
        return torch.tanh(self.to_code(self.hidden(X)))

    def reconstruct(self, X: csr_array | Batch) -> Tensor:
        """Scores [B, I] of sparse rows x."""
        return self.decode(self.code(X))

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Serving: items, weights [B, L] -> scores [B, I], embedding [B, K]."""
        e = torch.tanh(self.to_code(self.hidden_when_serving(items, weights)))
        return self.decode(e), e


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    X = deep.with_history(X)
    model = Autoencoder(X.shape[1], config.hidden, config.n_factors)
    model.start_at_popularity(X, config.loss)
    model.to(run.device)

    def losses(x: Batch, _: int) -> Tensor:
        return model.distance(config.loss, model.code(x), x)  # [B]

    return deep.minimise(losses, Autoencoder.reconstruct, model, X, config, run, rng)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
