"""Train: a whole data set of one's own, and models on it."""

from pages.parts import frame, own, train, train_draft, train_jobs

frame.title("Train", "Models on a data set of your own: every page then works on it, in this session only.")
train.stop_without_torch()
train_jobs.show()
if not own.is_busy():
    train_draft.show()
