"""A denoising autoencoder: the network of `autoencoder`, trained to mend profiles damaged by salt and pepper.

Vincent, Larochelle, Bengio, Manzagol 2008, doi 10.1145/1390156.1390294; for choices of items: Wu, DuBois, Zheng, Ester
2016 (CDAE), doi 10.1145/2835776.2835837, and Mult-DAE of Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814.

    x~ = x, each chosen item removed with probability `drop_share`                                  salt
         and, for each chosen item, with probability `add_share`, one that was not chosen added     pepper
    scores = W_4 tanh(W_3 e + b_3) + b_4,   e = tanh(W_2 tanh(W_1 x~ / ||x~|| + b_1) + b_2)

    loss = distance(scores, x), mean over users              multinomial, bce or mse: training/deep.py

The target is the clean profile x: to find what was removed the network has to know which items go together, and to see
through what was added it may not trust any single one. To hand its input through, however wide it is, would cost it.
Noise is drawn anew for every update; a history is served as it is.

`add_share` counts per chosen item, not per item of the catalogue: false items are then the same share of everybody's
profile. They are drawn evenly from what the user did not choose and have weight 1; one drawn twice is there once.
With add_share = 0 and the multinomial loss this is Mult-DAE but for points 2 to 4; with both shares 0, `autoencoder`.

Shapes: x, x~ [B, I] sparse, e [B, K], scores [B, I].

Differs from the papers:
1. Vincent et al. remove an exact share of the components and add none; the number is random here. CDAE has a vector of
   the user's own beside the profile: it could not answer a new one.
2. x~ is brought to length 1 after the noise, as a history is when served; Liang et al. do so before, and divide what
   is kept by 1 - drop_share.
3. The weights served are a running mean over the updates (decay `averaging`); b_4 starts at popularity; the weights
   decay (AdamW); the decoder's hidden layer may be dropped out too (`decoder_dropout`): a large catalogue is otherwise
   learned by heart through W_4.
4. The best epoch is the one with the highest nDCG@100 on the validation users.
5. Above 100,000 items (or with `n_sampled`) the softmax is over a sample of them: training/sampled.py.

    menagerie train denoising --data interactions.parquet --out zoo --set drop_share=0.5 add_share=0.02
    python -m training.denoising --help

Expected: nDCG@100 0.359 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.302 to 0.416);
popularity 0.199, Mult-VAE 0.390.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from torch import Tensor

from training import deep, loop
from training.autoencoder import Autoencoder
from training.batches import Batch
from training.model import Fitted, Run, setting
from training.pairs import Pairs
from zoo.card import About

ABOUT = About(
    name="denoising",
    title="Denoising autoencoder",
    family="deep autoencoder",
    summary="Learned by mending spoilt histories: it looks for what seems to be missing in yours.",
    equation=r"s = f(\tilde{x}), \quad \tilde{x} = x - \text{salt} + \text{pepper}, \quad \min \ell(s, x)",
    paper="Vincent et al. 2008, doi:10.1145/1390156.1390294; Wu et al. 2016, doi:10.1145/2835776.2835837",
)


@dataclass(frozen=True)
class Config:
    drop_share: float = setting(0.5, "Salt: share of a user's items removed.", low=0.0, high=0.95)
    add_share: float = setting(0.02, "Pepper: false items added, as a share of the user's items.", low=0.0, high=1.0)
    hidden: int = setting(600, "Width of the layer before and after the code (H).", low=1)
    n_factors: int = setting(200, "Length of the code e (K).", low=1)
    decoder_dropout: float = setting(0.0, "Share of the decoder's hidden layer dropped.", low=0.0, high=0.95)
    loss: str = setting("multinomial", "What is minimised.", choices=deep.LOSSES)
    l2: float = setting(1.0, "Weight decay: share of a weight lost per update, in units of learning_rate.", low=0.0)
    learning_rate: float = setting(1e-3, "Step of Adam.", low=1e-8, high=1.0)
    averaging: float = setting(0.98, "Decay of the running mean of the weights, per update.", low=0.0, high=0.9999)
    batch_size: int = setting(0, "Users per update; 0: a fiftieth of them, at least 100 and at most 500.", low=0)
    n_epochs: int = setting(100, "Passes over the users, at most.", low=1)
    patience: int = setting(10, "Epochs without a better validation nDCG@100 before stopping.", low=1)
    n_sampled: int = setting(-1, deep.N_SAMPLED, low=-1)
    precision: str = setting("tf32", deep.PRECISION, choices=deep.PRECISIONS)


def salt_and_pepper(X: csr_array, drop_share: float, add_share: float, rng: np.random.Generator) -> csr_array:
    """A damaged copy of the profiles X [B, I]; X is left as it is.

    An item stays with its weight, with probability 1 - drop_share. For each item of X, kept or not, with probability
    add_share one of those that its user did not choose comes in with weight 1, each of them equally likely.
    """
    pairs = Pairs(X)
    X = X.sorted_indices()  # the order of the pairs
    kept = rng.random(len(pairs.items)) >= drop_share
    spoilt = (rng.random(len(pairs.items)) < add_share) & (pairs.n_chosen[pairs.users] < X.shape[1])
    rows = pairs.users[spoilt]  # [n added]
    false, row = np.unique(np.stack([pairs.draw_not_chosen(rows, 1, rng)[:, 0], rows]), axis=1)  # drawn twice: once
    columns = np.concatenate([pairs.items[kept], false])
    weights = np.concatenate([X.data[kept], np.ones(len(false), X.data.dtype)])
    return csr_array((weights, (np.concatenate([pairs.users[kept], row]), columns)), shape=X.shape)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    noise = rng.spawn(1)[0]  # a stream of its own: the order of the users does not depend on the noise
    X = deep.with_history(X)
    model = Autoencoder(X.shape[1], config.hidden, config.n_factors)
    model.start_at_popularity(X, config.loss)
    model.to(run.device)

    def losses(x: Batch, _: int) -> Tensor:
        noisy = salt_and_pepper(x.X, config.drop_share, config.add_share, noise)  # x~
        e = model.code(noisy)
        return model.distance(config.loss, e, x, config.decoder_dropout)  # [B], against the clean x

    return deep.minimise(losses, Autoencoder.reconstruct, model, X, config, run, rng)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
