import numpy as np
import torch
from scipy.sparse import csr_array

from training.model import Run
from training.popularity import Config, fit


def test_an_item_scores_the_number_of_users_who_chose_it():
    X = csr_array(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=np.float32))
    scores = fit(X, Config(), Run()).scorer(torch.tensor([[2], [0]]), torch.ones(2, 1))[0]
    assert scores.tolist() == [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]


def test_a_user_counts_once_however_often_they_came():
    X = csr_array(np.array([[50, 1], [0, 1]], dtype=np.float32))
    assert fit(X, Config(), Run()).scorer.scores.tolist() == [1.0, 2.0]
