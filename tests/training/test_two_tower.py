import dataclasses
from importlib import import_module

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array

from training import loop
from training.inputs import Described, Profile, Text, bag, inverse_document_frequency
from training.model import MissingContent, Run
from training.pairs import NONE, Pairs, bce, bpr, leaving_out, mse, softmax
from training.scorers import LinearAutoencoder
from training.table import MODELS
from training.towers import NewItems, TwoTower
from training.two_tower import batch_loss, log_expected
from training.two_tower_id import Config, fit
from training.two_tower_settings import LOSSES, configured
from zoo.content import Content, Pictures, Recipe
from zoo.errors import ModelError
from zoo.split import Fold

N_USERS, N_ITEMS = 12, 9
SMALL = Config(n_factors=4, batch_size=16, n_epochs=3)
CHOSEN = (np.random.default_rng(0).random((N_USERS, N_ITEMS)) < 0.4) | (
    np.arange(N_USERS)[:, None] == np.arange(N_ITEMS)
)
CHOSEN[:, 0] |= ~CHOSEN.any(axis=1)  # everybody chose something
X = csr_array(CHOSEN.astype(np.float32))
any_loss = pytest.mark.parametrize("loss", LOSSES)
TWO_TOWERS = [name for name in MODELS if name.startswith("two_tower")]


def module_of(name):
    return import_module(MODELS[name])


def items(n: int = N_ITEMS, **columns) -> pl.DataFrame:
    """A catalogue: even items are comedies, odd ones thrillers."""
    known = {
        "item_id": [f"i{i}" for i in range(n)],
        "title": [("merry laughter" if i % 2 == 0 else "dark murder") + f" {i}" for i in range(n)],
        "year": [1980 + i for i in range(n)],
        "genres": [["Comedy" if i % 2 == 0 else "Thriller"] for i in range(n)],
    }
    return pl.DataFrame(known | columns, schema_overrides={"year": pl.Int32, "genres": pl.List(pl.String)})


def pictures(n: int = N_ITEMS) -> Pictures:
    """Even items are red, odd ones blue."""
    pixels = np.zeros((n, 96, 64, 3), dtype=np.uint8)
    pixels[::2, ..., 0] = pixels[1::2, ..., 2] = 200
    return Pictures(pixels, np.ones(n, dtype=bool), "made up")


# --- what it computes


def test_one_hot_by_one_hot_is_matrix_factorisation():
    scorer = fit(X, SMALL, Run()).scorer
    users = torch.tensor([3, 1])
    scores, embedding = scorer(users)
    torch.testing.assert_close(embedding, scorer.E_users[users])
    for row, user in enumerate(users):
        for item in range(N_ITEMS):
            expected = (scorer.E_users[user] * scorer.E_items[item]).sum()
            torch.testing.assert_close(scores[row, item], expected)


def test_profile_by_one_hot_without_layers_is_the_asymmetric_linear_autoencoder():
    served = TwoTower(X, configured(n_factors=4)()).eval().served()
    linear = LinearAutoencoder(served.T, served.E_items.T)
    history = torch.tensor([[0, 4, 7, N_ITEMS], [2, N_ITEMS, N_ITEMS, N_ITEMS]])
    lengths = torch.tensor([[3.0], [1.0]]).sqrt()  # ||x||
    scores, embedding = served(history, torch.ones(2, 4))
    expected, code = linear(history, torch.ones(2, 4))
    torch.testing.assert_close(scores, expected / lengths, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(embedding, code / lengths, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("hidden", [0, 5])
@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_what_is_served_is_what_was_trained(hidden, similarity):
    config = configured(user_inputs="one_hot+profile+features", item_inputs="one_hot+profile+text+features")(
        n_factors=4, hidden=hidden, similarity=similarity, n_buckets=64
    )
    recipe = Recipe.of(items(), 64)
    model = TwoTower(X, config, recipe.content(items())).eval()
    with torch.no_grad():
        model.users.one_hot.unknown.fill_(0.3)  # a history does not tell who it is
        model.users.one_hot.table.copy_(model.users.one_hot.unknown.expand(N_USERS, -1))
        everybody = np.arange(N_USERS)
        e_u, e_i = model.users(everybody, X), model.items(np.arange(N_ITEMS))
        served = model.served()
        history = torch.where(torch.from_numpy(CHOSEN), torch.arange(N_ITEMS), N_ITEMS)
        scores, embedding = served(history, torch.ones(history.shape))
    torch.testing.assert_close(scores, model.scale * e_u @ e_i.T, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(embedding @ e_i.T, scores, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(served.scores(X), scores, atol=1e-5, rtol=1e-5)
    if similarity == "cosine":
        assert scores.abs().max() <= 1.0 / config.temperature + 1e-4


def test_a_bag_is_divided_by_the_length_of_its_row():
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    x = csr_array(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    torch.testing.assert_close(bag(x, table), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


# --- the label is in no input


def test_turning_a_label_over_changes_no_input():
    """Both towers read profiles; the pair in question is in neither, whether it occurs or not."""
    config = configured(user_inputs="profile+text", item_inputs="profile")(n_factors=4, n_buckets=64)
    content = Recipe.of(items(), 64).content(items())
    user, item = np.array([2]), np.array([5])
    vectors = []
    for label in (0.0, 1.0, 3.0):
        flipped = X.toarray()
        flipped[2, 5] = label
        flipped = csr_array(flipped)
        torch.manual_seed(0)
        model = TwoTower(flipped, config, content).eval()
        vectors.append(torch.cat([model.users(user, flipped, without=item), model.items(item, without=user)]))
        told = torch.cat([model.users(user, flipped), model.items(item)])
        assert label == 0.0 or not torch.allclose(told, vectors[0], atol=1e-3)  # what is not taken out does tell
    torch.testing.assert_close(vectors[1], vectors[0], atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(vectors[2], vectors[0], atol=1e-6, rtol=1e-6)


@any_loss
def test_the_loss_of_a_pair_reads_no_profile_that_holds_it(loss, monkeypatch):
    config = configured(user_inputs="profile", item_inputs="profile")(n_factors=4, loss=loss)
    pairs, model = Pairs(X), TwoTower(X, configured(item_inputs="profile")(n_factors=4))
    asked = []
    honest = Profile.forward
    monkeypatch.setattr(
        Profile, "forward", lambda self, x, rows, without=None: asked.append(without) or honest(self, x, rows, without)
    )
    batch = np.flatnonzero(pairs.users != pairs.items)[[0, 4, 9]]
    batch_loss(model, pairs, batch, config, np.random.default_rng(0))
    assert any(np.array_equal(without, pairs.items[batch]) for without in asked)  # out of the users' profiles
    assert any(np.array_equal(without, pairs.users[batch]) for without in asked)  # out of the items' profiles


def test_a_row_without_a_column_is_that_row_without_it():
    without = leaving_out(X[[1, 1, 3]], np.array([0, 1, 8]))
    expected = X[[1, 1, 3]].toarray()
    expected[[0, 1, 2], [0, 1, 8]] = 0.0
    assert (without.toarray() == expected).all()


def test_dropout_of_a_profile_keeps_its_mean_and_never_brings_the_target_back():
    profile = Profile(N_ITEMS, 3, dropout=0.4).train()
    row, without = np.array([0]), X[[1]].indices[:1].astype(np.int64)
    torch.manual_seed(0)
    drawn = torch.stack([profile(X[[1]], row, without)[0] for _ in range(4000)])
    expected = profile.eval()(X[[1]], row, without)[0]
    torch.testing.assert_close(drawn.mean(dim=0), expected, atol=5 * drawn.std().item() / 4000**0.5, rtol=0)
    assert drawn.std() > 0
    target_only = csr_array(np.eye(N_ITEMS, dtype=np.float32)[[4]])
    assert profile.train()(target_only, row, np.array([4])).abs().max() < 1e-3


# --- negatives


def test_negatives_are_never_among_the_items_chosen():
    users = np.arange(N_USERS)
    drawn = Pairs(X).draw_not_chosen(users, 500, np.random.default_rng(0))
    assert not CHOSEN[users[:, None], drawn].any()


def test_negatives_are_every_other_item_equally_often():
    n = 20_000
    pairs, rng = Pairs(X), np.random.default_rng(0)
    for user, chosen in enumerate(CHOSEN):
        counts = np.bincount(pairs.draw_not_chosen(np.array([user]), n, rng)[0], minlength=N_ITEMS)
        expected = n / (~chosen).sum()
        assert (np.abs(counts[~chosen] - expected) < 5 * expected**0.5).all()


def test_items_that_nobody_can_have_chosen_are_no_negatives():
    padded = csr_array((X.data, X.indices * 2, X.indptr), shape=(N_USERS, 2 * N_ITEMS))  # odd columns: nobody
    pool = np.flatnonzero(np.bincount(padded.indices, minlength=2 * N_ITEMS))
    drawn = Pairs(padded, pool).draw_not_chosen(np.arange(N_USERS), 300, np.random.default_rng(0))
    assert set(drawn.ravel()) <= set(pool)
    assert not padded.toarray()[np.arange(N_USERS)[:, None], drawn].any()


def test_who_chose_what_is_looked_up_for_the_right_items():
    columns, found = np.array([7, 0, 3, 0, 0]), np.zeros((2, 5), dtype=bool)
    found[Pairs(X).chosen_among(np.array([4, 1]), columns)] = True
    assert (found == CHOSEN[np.ix_([4, 1], columns)]).all()


@pytest.mark.parametrize("loss", ["sampled_softmax", "full_softmax"])
def test_no_item_that_the_user_chose_is_a_negative_in_a_batch(loss, monkeypatch):
    seen = []
    honest = softmax
    monkeypatch.setattr("training.two_tower.softmax", lambda *given: seen.append(given) or honest(*given))
    pairs = Pairs(X)
    batch = np.arange(12)
    config = dataclasses.replace(SMALL, loss=loss, n_uniform=5)
    batch_loss(TwoTower(X, config), pairs, batch, config, np.random.default_rng(0))
    allowed = seen[0][1].detach().numpy() > NONE
    if loss == "full_softmax":
        assert (allowed == ~CHOSEN[pairs.users[batch]]).all()
    else:
        assert (allowed[:, :12] == ~CHOSEN[np.ix_(pairs.users[batch], pairs.items[batch])]).all()
        assert allowed.shape == (12, 12 + 5)


def test_a_batch_is_corrected_by_how_often_each_candidate_is_expected(monkeypatch):
    seen = []
    honest = softmax
    monkeypatch.setattr("training.two_tower.softmax", lambda *given: seen.append(given) or honest(*given))
    pairs, batch = Pairs(X), np.arange(12)
    config = dataclasses.replace(SMALL, loss="sampled_softmax", n_uniform=5)
    model = TwoTower(X, config)
    batch_loss(model, pairs, batch, config, np.random.default_rng(0))
    candidates = np.concatenate([pairs.items[batch], np.random.default_rng(0).choice(pairs.pool, 5)])
    scores = model.users(pairs.users[batch], X) @ model.items(candidates).T
    expected = (scores - log_expected(pairs, candidates, 12, config)).detach()
    logits = seen[0][1].detach()
    torch.testing.assert_close(logits[logits > NONE], expected[logits > NONE])


def test_q_is_the_share_of_pairs_that_are_of_the_item():
    counted = csr_array(np.array([[9, 1], [1, 0]], dtype=np.float32))  # weights do not count
    np.testing.assert_allclose(Pairs(counted).q, [2 / 3, 1 / 3])


def test_how_often_a_candidate_is_expected_counts_the_batch_and_the_even_draws():
    counted = csr_array(np.array([[1, 1, 0], [1, 0, 1]], dtype=np.float32))
    config = dataclasses.replace(SMALL, loss="sampled_softmax", n_uniform=6)
    expected = log_expected(Pairs(counted), np.array([0, 2]), 5, config).exp()
    np.testing.assert_allclose(expected, [4 * 0.5 + 6 / 3, 4 * 0.25 + 6 / 3], rtol=1e-6)
    once = log_expected(Pairs(counted), np.arange(3), 5, dataclasses.replace(config, loss="full_softmax"))
    assert once.tolist() == [0.0, 0.0, 0.0]


# --- losses, by hand


def test_the_losses_of_sampled_negatives():
    s_ui, s_uj = torch.tensor([3.0]), torch.tensor([[0.0, 5.0]])
    log_sigmoid = lambda s: -np.log1p(np.exp(-s))  # noqa: E731
    assert bpr(s_ui, s_uj).item() == pytest.approx(-(log_sigmoid(3.0) + log_sigmoid(-2.0)) / 2)
    assert bce(s_ui, s_uj).item() == pytest.approx(-(log_sigmoid(3.0) + log_sigmoid(0.0) + log_sigmoid(-5.0)))
    assert mse(s_ui, s_uj).item() == pytest.approx((3.0 - 1.0) ** 2 + 0.0 + 25.0)


def test_softmax_is_over_the_own_item_and_the_candidates_allowed():
    s_ui, logits = torch.tensor([1.0]), torch.tensor([[2.0 - np.log(4.0), NONE, 0.5 - np.log(2.0)]])
    expected = -np.log(np.exp(1.0) / (np.exp(1.0) + np.exp(2.0) / 4 + np.exp(0.5) / 2))
    assert softmax(s_ui, logits).item() == pytest.approx(expected, rel=1e-6)


def test_a_pair_without_any_negative_is_no_loss_and_gives_no_gradient():
    s_ui, logits = torch.tensor([1.0], requires_grad=True), torch.full((1, 3), NONE, requires_grad=True)
    loss = softmax(s_ui, logits)
    loss.backward()
    assert loss.item() == 0.0
    assert s_ui.grad.item() == 0.0
    assert logits.grad.abs().max().item() == 0.0


def item_scores_learned_from(popularity, log_q):
    """Scores that sampled softmax gives items [I] when everybody has the same taste: e_u = 1, so s_ui = e_i."""
    rng = np.random.default_rng(0)
    scores = torch.zeros(len(popularity), requires_grad=True)
    optimizer = torch.optim.Adam([scores], lr=0.05)
    for step in range(600):
        optimizer.param_groups[0]["lr"] = 0.05 if step < 400 else 0.005
        drawn = torch.from_numpy(rng.choice(len(popularity), size=256, p=popularity))
        optimizer.zero_grad()
        corrections = log_q[drawn] + np.log(255) if log_q is not None else 0.0
        logits = (scores[drawn] - corrections).expand(256, -1).masked_fill(drawn[:, None] == drawn[None, :], NONE)
        softmax(scores[drawn], logits).backward()
        optimizer.step()
    return (scores - scores.mean()).detach().numpy()


def test_only_log_q_lets_popular_items_rank_first():
    """In-batch negatives come in proportion to popularity; uncorrected, that cancels what is to be learned."""
    popularity = 1.0 / np.arange(1, 11)
    popularity /= popularity.sum()
    wanted = np.log(popularity) - np.log(popularity).mean()  # what the full softmax learns
    corrected = item_scores_learned_from(popularity, torch.from_numpy(np.log(popularity)).float())
    uncorrected = item_scores_learned_from(popularity, None)
    np.testing.assert_allclose(corrected, wanted, atol=0.2)
    assert corrected.argmax() == 0
    assert uncorrected[0] - uncorrected[-1] < 0.35 * (wanted[0] - wanted[-1])


def test_a_price_on_length_shortens_the_embeddings():
    lengths = [
        fit(X, dataclasses.replace(SMALL, l2=l2, n_epochs=30), Run()).scorer.E_items.norm().item() for l2 in (0.0, 1.0)
    ]
    assert lengths[1] < 0.5 * lengths[0]


# --- words, pictures, facts


def test_texts_begin_as_near_each_other_as_their_tfidf_vectors():
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 50, (200, 6))
    torch.manual_seed(0)
    e = Text(ids, 50, 4096, dropout=0.0).eval()(torch.from_numpy(ids)).detach().numpy()
    counts = np.zeros((200, 51))
    np.add.at(counts, (np.repeat(np.arange(200), 6), ids.ravel()), 1.0)
    tfidf = counts * inverse_document_frequency(ids, 50) / 6**0.5
    off = e @ e.T - tfidf @ tfidf.T
    assert np.abs(off).max() < 8 * (np.square(tfidf).sum(axis=1).max()) / 4096**0.5
    assert np.corrcoef((e @ e.T).ravel(), (tfidf @ tfidf.T).ravel())[0, 1] > 0.99


def test_words_that_all_items_hold_count_nothing_and_rare_ones_most():
    ids = np.array([[1, 2, 0], [1, 3, 3], [1, 0, 0]])
    idf = inverse_document_frequency(ids, 4)
    np.testing.assert_allclose(idf, [1.0, 0.0, np.log(2) / np.log(4), np.log(2) / np.log(4), 1.0], rtol=1e-6)


def test_the_sum_of_words_is_the_same_in_training_and_in_the_graph(monkeypatch):
    ids = torch.tensor([[3, 1, 0], [0, 0, 0], [2, 2, 5]])
    text = Text(ids.numpy(), 8, 4, dropout=0.3).eval()
    summed = text(ids)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(text(ids), summed)
    assert summed[1].abs().sum() == 0.0


def test_an_item_without_words_or_picture_has_the_learned_unknown_in_their_place():
    content = Recipe.of(items(), 32).content(items(), pictures())
    content.present[3, :2] = False
    tower = Described(("text", "picture"), content, 32, 4, dropout=0.0).eval()
    with torch.no_grad():
        tower.unknown[0] += 1.0
        tower.unknown[1] += 2.0
        found = tower.of_items(np.arange(N_ITEMS))
    torch.testing.assert_close(found[3], torch.full((4,), 3.0))
    assert not torch.allclose(found[4], found[3])


def test_one_hot_is_dropped_at_random_where_it_has_company_and_unknown_where_nobody_chose():
    padded = csr_array((X.data, X.indices, X.indptr), shape=(N_USERS, N_ITEMS + 1))  # the last: nobody
    content = Recipe.of(items(N_ITEMS + 1), 32).content(items(N_ITEMS + 1))
    config = configured(item_inputs="one_hot+features")(n_factors=4, one_hot_dropout=0.5, n_buckets=32)
    model = TwoTower(padded, config, content)
    with torch.no_grad():
        model.items.one_hot.unknown.fill_(7.0)
        rows = model.items.one_hot(torch.zeros(2000, dtype=torch.int64), torch.ones(2000, dtype=torch.bool))
        share = (rows == 7.0).all(dim=1).float().mean().item()
        assert abs(share - 0.5) < 0.06
        model.eval()
        facts = model.items.described.of_items(np.arange(N_ITEMS + 1))
        e = model.items(np.arange(N_ITEMS + 1))
    torch.testing.assert_close(e[-1] - facts[-1], torch.full((4,), 7.0))
    torch.testing.assert_close(e[0] - facts[0], model.items.one_hot.table[0].detach())


@pytest.mark.parametrize("name", ["two_tower_text", "two_tower_image", "two_tower_mixed"])
def test_items_that_nobody_chose_are_found_by_what_they_are(name):
    """Even people like comedies; the last four items were never shown to anybody."""
    n_users, n_items = 60, 24
    board = np.add.outer(np.arange(n_users), np.arange(n_items)) % 2 == 0
    shown = board & (np.random.default_rng(0).random(board.shape) < 0.6)
    shown[:, -4:] = False
    module = module_of(name)
    config = module.Config(n_factors=8, batch_size=64, n_epochs=10, n_buckets=256)
    run = Run(items=items(n_items), pictures=lambda: pictures(n_items))
    fitted = module.fit(csr_array(shown.astype(np.float32)), config, run)
    history = torch.where(torch.from_numpy(shown), torch.arange(n_items), n_items)
    scores = fitted.scorer(history, torch.ones(history.shape))[0][:, -4:].detach().numpy()
    right = np.where(board[:, -4:], scores, np.inf).min(axis=1)
    assert (right > np.where(board[:, -4:], -np.inf, scores).max(axis=1)).mean() == 1.0


def test_the_tower_of_new_items_gives_catalogue_items_their_own_embedding():
    module = module_of("two_tower_text")
    fitted = module.fit(X, module.Config(n_factors=4, n_epochs=2, n_buckets=64), Run(items=items()))
    content = fitted.recipe.content(items())
    found = fitted.item_tower.eval()(*(torch.from_numpy(values) for values in content.feeds().values()))
    torch.testing.assert_close(found.detach(), fitted.scorer.E_items, atol=1e-5, rtol=1e-5)


def test_a_new_item_of_a_mixed_tower_has_the_unknown_one_hot():
    config = configured(item_inputs="one_hot+features")(n_factors=4, n_buckets=32)
    content: Content = Recipe.of(items(), 32).content(items())
    model = TwoTower(X, config, content).eval()
    with torch.no_grad():
        model.items.one_hot.unknown.fill_(7.0)
        e = NewItems(model.items)(*(torch.from_numpy(values) for values in content.feeds().values()))
    torch.testing.assert_close(e, model.items.described.of_items(np.arange(N_ITEMS)).detach() + 7.0)


@pytest.mark.parametrize("name", ["two_tower_text", "two_tower_image", "two_tower_mixed"])
def test_data_of_which_nothing_is_known_are_refused_with_what_to_give(name):
    module = module_of(name)
    with pytest.raises(MissingContent, match="nothing is known of the items"):
        module.fit(X, module.Config(), Run())
    bare = pl.DataFrame({"item_id": range(N_ITEMS), "title": [str(i) for i in range(N_ITEMS)]})
    with pytest.raises(MissingContent, match=r"none of the 9 has any\. Give"):
        module.fit(X, module.Config(), Run(items=bare, pictures=lambda: Pictures.none(N_ITEMS)))


def test_the_card_says_how_many_items_lack_what_is_read():
    module = module_of("two_tower_mixed")
    some = items(title=[str(i) if i < 2 else "a title" for i in range(N_ITEMS)], genres=[[]] * N_ITEMS)
    looks = dataclasses.replace(pictures(), present=np.arange(N_ITEMS) > 2)
    blank = some.with_columns(title=pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("")).otherwise("title"))
    config = module.Config(n_factors=4, n_epochs=1, n_buckets=16)
    details = module.fit(X, config, Run(items=blank, pictures=lambda: looks)).details
    assert (details["items_without_text"], details["items_without_picture"]) == (2, 3)
    assert details["pictures"] == "made up"


# --- training


@any_loss
@pytest.mark.parametrize("name", ["two_tower_id", "two_tower_profile", "two_tower_item_profile"])
def test_the_same_seed_gives_the_same_weights(name, loss):
    module = module_of(name)
    config = module.Config(n_factors=4, batch_size=16, n_epochs=2, loss=loss)
    first, again, other = (module.fit(X, config, Run(seed=seed)).scorer.E_items for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@any_loss
def test_a_loss_that_overflows_stops_with_the_epoch_and_the_learning_rate(loss):
    config = dataclasses.replace(SMALL, loss=loss, l2=1e39, learning_rate=1.0)
    with pytest.raises(ModelError, match=r"in epoch \d at learning_rate 1;"):
        fit(X, config, Run())


def test_training_stops_early_where_validation_users_are_known():
    fold = Fold(np.arange(N_USERS), X, csr_array(1.0 - X.toarray()), csr_array(X.shape, dtype=np.float32))
    fitted = fit(
        X, dataclasses.replace(SMALL, n_epochs=50, patience=2), Run(validation=fold)
    )  # whatever is left, is right
    assert len(fitted.curve) == 3  # nDCG is 1 from the first epoch on
    assert fitted.details["best_epoch"] == 1
    assert fitted.details["stopping"] == "best epoch on validation"


def held_out_whole() -> tuple[csr_array, Fold]:
    """The first four users are kept from training."""
    shown = X.toarray()
    shown[:4] = 0.0
    fold = Fold(np.arange(4), X[:4], csr_array(1.0 - X.toarray()[:4]), csr_array((4, N_ITEMS), dtype=np.float32))
    return csr_array(shown), fold


def test_users_held_out_whole_cannot_be_validated_and_the_card_says_so():
    shown, fold = held_out_whole()
    fitted = fit(shown, SMALL, Run(validation=fold))
    assert [row["validation"] for row in fitted.curve] == [None] * 3
    assert fitted.details["stopping"].startswith("fixed number of epochs")
    assert fitted.scorer.E_users[:4].abs().sum().item() == 0.0  # nothing was learned of them
    assert (fitted.scorer.E_users[4:].abs().sum(dim=1) > 0).all()


def test_a_tower_that_reads_profiles_is_validated_on_users_held_out_whole():
    module = module_of("two_tower_profile")
    shown, fold = held_out_whole()
    fitted = module.fit(shown, module.Config(n_factors=4, n_epochs=2), Run(validation=fold))
    assert all(row["validation"] is not None for row in fitted.curve)
    assert fitted.details["stopping"] == "best epoch on validation"


@any_loss
def test_somebody_who_chose_everything_does_no_harm(loss):
    dense = X.toarray()
    dense[5] = 1.0
    fitted = fit(csr_array(dense), dataclasses.replace(SMALL, loss=loss), Run())
    assert fitted.scorer.E_items.isfinite().all()


def test_data_in_which_everybody_chose_everything_are_refused():
    with pytest.raises(ModelError, match="Nobody in the data left an item out"):
        fit(csr_array(np.ones((3, 4), dtype=np.float32)), SMALL, Run())


def test_validation_ranks_by_the_embeddings_of_its_users(monkeypatch):
    fold = Fold(
        np.array([7, 2]), X[[7, 2]], csr_array(1.0 - X.toarray()[[7, 2]]), csr_array((2, N_ITEMS), dtype=np.float32)
    )
    asked = []
    honest = loop.best_unseen
    monkeypatch.setattr(
        loop, "best_unseen", lambda scores, *rest: asked.append(scores.clone()) or honest(scores, *rest)
    )
    scorer = fit(X, dataclasses.replace(SMALL, n_epochs=1), Run(validation=fold)).scorer
    torch.testing.assert_close(asked[0], scorer(torch.tensor([7, 2]))[0])


@pytest.mark.parametrize(
    ("name", "inputs", "sentence"),
    [
        ("two_tower_profile", "one_hot", "memory-based: take two_tower_id"),
        ("two_tower_id", "profile", "not memory-based any more: take two_tower_profile"),
        ("two_tower_id_fold_in", "profile", "not memory-based any more: take two_tower_profile"),
        ("two_tower_profile", "profile+pictures", r"no input 'pictures' here; join some of one_hot, profile"),
    ],
)
def test_inputs_that_make_another_model_are_refused(name, inputs, sentence):
    module = module_of(name)
    with pytest.raises(ModelError, match=sentence):
        module.fit(X, module.Config(user_inputs=inputs), Run())


def test_only_a_model_of_one_hot_users_says_that_it_is_memory_based():
    memory_based = [name for name in TWO_TOWERS if not module_of(name).ABOUT.serves_new_profiles]
    assert memory_based == ["two_tower_id"]
    assert len(TWO_TOWERS) == 7
