import re

import numpy as np
import polars as pl
import pytest

from zoo.errors import DataError
from zoo.significance import MIN_USERS, paired
from zoo.verdict import CLOSING as CLOSING_OF
from zoo.verdict import LISTS, MODELS, SEGMENTS, choice, verdict

CLOSING = CLOSING_OF.format(these=MODELS)
DRAWS = 2000  # enough for cases as clear as these
INTERVAL = re.compile(r"95 % interval (\S+) to ([^\s,)]+)")


def table(values, n_fold_in=20, metric="recall_at_20", first_user=0):
    users = np.arange(first_user, first_user + len(values))
    shown = np.broadcast_to(n_fold_in, len(values))
    return pl.DataFrame(
        {"user_idx": users, "n_fold_in": shown, "n_held_out": 5, metric: np.asarray(values, dtype=np.float32)}
    )


def noise(n, scale=0.05, seed=0):
    """Mean exactly 0, so that what is added is the difference."""
    drawn = np.random.default_rng(seed).normal(0, scale, n)
    return drawn - drawn.mean()


def judge(differences, n_fold_in=20, a="EASE", b="the VAE", metric="recall_at_20", **options):
    """The verdict where `a` has 0.3 + difference and `b` has 0.3."""
    differences = np.asarray(differences)
    tables = table(0.3 + differences, n_fold_in, metric), table(np.full(len(differences), 0.3), n_fold_in, metric)
    return verdict(a, b, *tables, metric, **{"n_draws": DRAWS} | options)


def by_activity(*parts):
    """Parts of (n_fold_in, differences) in one: what `judge` takes."""
    return np.concatenate([d for _, d in parts]), np.concatenate([np.full(len(d), shown) for shown, d in parts])


def test_a_clear_difference_is_said_with_its_size_interval_and_users():
    found = judge(noise(2897) + 0.031)
    assert found.comparison.distinguishable
    assert found.sentences == [
        "EASE finds more of what people also chose than the VAE: 0.031 more of recall at 20 "
        "(95 % interval 0.029 to 0.033, 2,897 users).",
        CLOSING,
    ]
    assert found.text == " ".join(found.sentences)


def test_the_better_model_is_named_first():
    found = judge(noise(100) - 0.1)
    assert found.sentences[0].startswith("the VAE finds more of what people also chose than EASE: 0.100 more of")
    assert found.comparison.difference < 0  # the figures stay first minus second


def test_where_lower_is_better_the_lower_is_named_first():
    words = {"metric": "genre_miscalibration_at_20", "higher_is_better": False}
    found = judge(noise(100) - 0.1, **words)
    assert found.sentences[0].startswith(
        "EASE has a lower genre miscalibration at 20 than the VAE: 0.100 less of genre miscalibration at 20 (95 % "
    )
    assert judge(noise(100) + 0.1, **words).sentences[0].startswith("the VAE has a lower")


def test_what_cannot_be_told_apart_is_said_with_what_could_have_been():
    found = judge(noise(100))
    low, high, smallest = re.fullmatch(
        r"These 100 test users do not tell EASE and the VAE apart on recall at 20: the difference \(EASE minus the "
        r"VAE\) lies between (\S+) and (\S+) \(95 % interval\); only one of (\S+) or more would likely have been "
        r"seen\.",
        found.sentences[0],
    ).groups()
    assert float(low) == pytest.approx(found.comparison.low, abs=0.0006)
    assert float(high) == pytest.approx(found.comparison.high, abs=0.0006)
    assert float(smallest) == pytest.approx(2.8016 * np.std(noise(100), ddof=1) / 10, abs=0.0006)
    assert found.sentences[1:] == [CLOSING]


def test_identical_models_are_never_called_equal():
    found = judge(np.zeros(30))
    assert found.sentences[0] == (
        "These 30 test users do not tell EASE and the VAE apart on recall at 20: it differs for none of them."
    )
    assert "equal" not in found.text


def test_an_interval_without_0_is_no_claim_where_the_test_does_not_agree():
    differences = np.append(np.full(4, 0.3), np.zeros(56))  # four users of sixty: p = 2 / 16
    found = judge(differences)
    assert found.comparison.p == 0.125
    assert not found.comparison.distinguishable
    rare = judge(np.append(np.full(5, 0.3), np.zeros(20)))  # p = 2 / 32, and hardly a draw without one of the five
    assert rare.comparison.low > 0
    assert "do not tell" in rare.sentences[0]
    assert rare.sentences[0].endswith("The interval leaves out 0, but the test does not rule out chance (p = 0.0625).")


def test_three_users_are_too_few():
    found = judge([0.1, 0.2, 0.3])
    assert found.sentences == [
        "Only three users: too few for a verdict. On recall at 20, the difference (EASE minus the VAE) lies between "
        "0.100 and 0.300 (95 % interval), and with so few users even that is unsure."
    ]


def test_below_the_least_number_of_users_nothing_is_claimed_however_clear():
    below, enough = judge(noise(MIN_USERS - 1) + 1), judge(noise(MIN_USERS) + 1)
    assert below.comparison.low > 0
    assert not below.comparison.distinguishable
    assert np.isnan(below.comparison.p_holm)  # it was asked nothing, and takes nothing from others
    assert below.sentences[0].startswith("Only 19 users: too few for a verdict.")
    assert enough.sentences[0].startswith("EASE finds more")


def test_one_user_and_nobody_have_no_interval_to_show():
    assert judge([0.1]).sentences == ["Only one user: too few for a verdict."]
    nobody = judge([])
    assert nobody.sentences == ["No user has a value of recall at 20 under both models: no verdict."]
    assert nobody.segments == []


def test_segments_that_agree_with_the_whole_are_not_repeated():
    found = judge(*by_activity((5, noise(100) + 0.1), (20, noise(100) + 0.1), (80, noise(100) + 0.1)))
    assert [segment.words for segment in found.segments] == [words for words, _, _ in SEGMENTS]
    assert all(segment.comparison.distinguishable for segment in found.segments)
    assert len(found.sentences) == 2


def test_activity_is_cut_at_10_and_50():
    found = judge(noise(6), np.array([0, 9, 10, 49, 50, 51]))
    assert [segment.comparison.n for segment in found.segments] == [2, 2, 2]
    assert [segment.words for segment in judge(noise(30), 9).segments] == ["fewer than 10 interactions"]


def test_a_segment_that_cannot_be_told_apart_is_named_under_a_whole_that_can():
    found = judge(*by_activity((5, noise(40)), (20, noise(200) + 0.1)))
    assert found.sentences[0].startswith("EASE finds more")
    assert found.sentences[1].startswith(
        "For the 40 users with fewer than 10 interactions we can't tell them apart: the difference (EASE minus the "
    )
    assert len(found.sentences) == 3


def test_a_segment_where_the_other_is_better_is_named():
    found = judge(*by_activity((20, noise(200) + 0.1), (80, noise(60) - 0.1)))
    assert found.sentences[0].startswith("EASE finds more")
    assert found.sentences[1].startswith(
        "For users with 50 or more interactions it is the other way round: the VAE finds more of what people also "
        "chose than EASE: 0.100 more of recall at 20 (95 % interval "
    )


def test_segments_that_are_clear_are_hints_under_a_whole_that_is_not():
    found = judge(*by_activity((5, noise(100) + 0.1), (20, noise(50)), (80, noise(100) - 0.1)))
    assert "do not tell" in found.sentences[0]
    hint = "A hint, and no finding: for users with "
    assert found.sentences[1].startswith(f"{hint}fewer than 10 interactions EASE finds more")
    assert found.sentences[2].startswith(f"{hint}50 or more interactions the VAE finds more")
    assert len(found.sentences) == 4  # nothing of the segment in between


def test_a_small_segment_is_called_too_small_however_clear_it_looks():
    found = judge(*by_activity((5, noise(8)), (20, noise(200) + 0.1), (80, noise(19) - 0.3)))
    assert found.sentences[1:3] == [
        "Only eight users with fewer than 10 interactions: too few to say anything of them.",
        "Only 19 users with 50 or more interactions: too few to say anything of them.",
    ]
    assert len(judge(*by_activity((5, noise(8) + 0.1), (20, noise(200) + 0.1))).sentences) == 3


def test_holm_is_over_the_segments_of_the_verdict():
    found = judge(*by_activity((5, noise(50) + 0.015), (20, noise(50, seed=1)), (80, noise(50, seed=2))))
    first = found.segments[0].comparison
    assert first.p < 0.05 < first.p_holm == pytest.approx(3 * first.p)
    assert not any("finds more" in sentence for sentence in found.sentences[1:])


def test_the_whole_is_one_of_those_that_were_asked_with_it():
    differences = noise(60) + 0.017
    alone = judge(differences)
    assert alone.comparison.p_holm == alone.comparison.p < 0.05
    others = [paired(noise(30, seed=i), np.zeros(30), names=("a", str(i)), n_draws=99) for i in range(9)]
    few = [paired(noise(9, seed=i), np.zeros(9), names=("b", str(i)), n_draws=99) for i in range(9)]
    among = judge(differences, asked_among=others + few)
    assert among.comparison.p_holm == pytest.approx(10 * alone.comparison.p)
    assert among.sentences[0].endswith(
        f"does not rule out chance (p = {among.comparison.p_holm:.3g} after Holm over 10 comparisons)."
    )
    assert "finds more" not in among.text


def test_what_was_held_out_was_chosen_later_only_where_the_split_says_so():
    found = judge(noise(100) + 0.1, chosen=choice("temporal:0.2"), these=LISTS)
    assert found.sentences[0].startswith("EASE finds more of what people later chose than the VAE")
    assert "also chose" in judge(noise(100) + 0.1, chosen=choice("column:part")).text
    assert found.sentences[-1] == CLOSING_OF.format(these=LISTS)


def test_models_of_one_quality_get_a_verdict_that_claims_something_5_times_in_100():
    """Whole and segments together: with Holm over the segments alone it would be 7."""
    rng, n = np.random.default_rng(7), 400
    shown = np.repeat([5, 20, 80], 30)
    found = [judge(rng.normal(0, 0.1, 90), shown, gain_words="WINS", n_draws=499) for _ in range(n)]
    claims = [any("WINS" in said and "hint" not in said for said in one.sentences) for one in found]
    assert np.mean(claims) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)
    assert 0 < np.mean([any("hint" in said for said in one.sentences) for one in found]) < 0.1


def test_two_figures_that_differ_are_not_rounded_to_one():
    found = judge(np.linspace(0.00078, 0.00084, 60))
    low, high = INTERVAL.search(found.sentences[0]).groups()
    assert low != high


def test_users_without_a_value_are_counted():
    differences = noise(100) + 0.1
    differences[:7] = np.nan
    found = judge(differences)
    assert found.comparison.n == 93
    assert "Left out: seven users for whom recall at 20 is not defined." in found.sentences


def test_users_of_one_table_only_are_counted():
    found = verdict(
        "EASE",
        "the VAE",
        table(0.4 + noise(100)),
        table(np.full(90, 0.3), first_user=30),
        "recall_at_20",
        n_draws=DRAWS,
    )
    assert found.comparison.n == 70
    assert "Left out: 50 users whom only one of the two models was measured on." in found.sentences


def test_users_are_matched_by_their_number_not_by_their_row():
    values = np.linspace(0, 1, 40)
    tables = table(values + 0.01), table(values)[::-1]
    found = verdict("EASE", "the VAE", *tables, "recall_at_20", n_draws=DRAWS)
    assert found.comparison.low == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("ndcg_at_100", "EASE ranks what people also chose higher than the VAE: 0.100 more of nDCG at 100 (95 % "),
        (
            "recall_at_20_capped",
            "EASE finds more of what people also chose than the VAE: 0.100 more of recall at 20 (c",
        ),
        (
            "hit_rate_at_5",
            "EASE more often finds something that people also chose than the VAE: 0.100 more of hit rate",
        ),
        ("novelty_at_20", "EASE has a higher novelty at 20 than the VAE: 0.100 more of novelty at 20 (95 % interval "),
        ("surprise", "EASE has a higher surprise than the VAE: 0.100 more of surprise (95 % interval "),
    ],
)
def test_a_metric_is_called_what_it_is(metric, sentence):
    assert judge(noise(100) + 0.1, metric=metric).sentences[0].startswith(sentence)


def test_other_words_can_be_given():
    found = judge(noise(100) + 0.1, metric_words="minutes watched", gain_words="holds people longer")
    assert found.sentences[0].startswith("EASE holds people longer than the VAE: 0.100 more of minutes watched (95 % ")


def test_a_small_end_of_an_interval_is_not_rounded_to_0():
    found = judge(np.linspace(0.00001, 0.0009, 30))
    low, high = map(float, INTERVAL.search(found.sentences[0]).groups())
    assert 0 < low < high


def test_tables_that_do_not_belong_together_are_refused():
    one = table(noise(30))
    with pytest.raises(DataError, match="lacks ndcg_at_20"):
        verdict("EASE", "the VAE", one, one, "ndcg_at_20")
    with pytest.raises(DataError, match="user_idx twice"):
        verdict("EASE", "the VAE", pl.concat([one, one]), one, "recall_at_20")
    with pytest.raises(DataError, match="different histories"):
        verdict("EASE", "the VAE", one, table(noise(30), 21), "recall_at_20")
    with pytest.raises(DataError, match="Both models are called EASE"):
        verdict("EASE", "EASE", one, one, "recall_at_20")


def random_case(seed):
    """Users of every activity with differences from none to plain, some ties, some undefined, either direction."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 250))
    shown = rng.choice([5, 20, 80], n, p=rng.dirichlet([1, 1, 1]))
    effect = rng.choice([-0.1, -0.02, 0, 0, 0.02, 0.1], 3)[np.searchsorted([5, 20, 80], shown)]
    differences = effect + rng.exponential(0.1, n) * rng.choice([-1, 0, 1], n)
    differences[rng.random(n) < 0.05] = np.nan
    return differences, shown, bool(rng.integers(2))


def test_nothing_is_claimed_that_interval_and_test_do_not_allow():
    claims = 0
    for seed in range(150):
        differences, shown, higher = random_case(seed)
        found = judge(differences, shown, higher_is_better=higher, gain_words="WINS", metric_words="it")
        of = {f"with {segment.words}": segment.comparison for segment in found.segments}
        for sentence in [sentence for sentence in found.sentences if "WINS" in sentence]:
            claims += 1
            c = next((own for words, own in of.items() if words in sentence), found.comparison)
            assert c.n >= MIN_USERS
            assert c.p_holm < 0.05
            assert c.low > 0 or c.high < 0
            better, worse = re.search(r"(EASE|the VAE) WINS than (EASE|the VAE): ", sentence).groups()
            assert (better == "EASE") == ((c.difference > 0) == higher)
            assert better != worse
            assert all(float(end) > 0 for end in INTERVAL.search(sentence).groups())
        if found.comparison.distinguishable and found.comparison.n >= MIN_USERS:
            assert "WINS" in found.sentences[0]
            undecided = [words for words, own in of.items() if not own.distinguishable]
            assert all(words in found.text for words in undecided)
            assert "hint" not in found.text
        else:
            assert all("hint" in said for said in found.sentences if "WINS" in said)
            assert "WINS" not in found.sentences[0]
        assert "equal" not in found.text
    assert claims > 50
