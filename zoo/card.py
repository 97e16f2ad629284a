"""What is known of a model and of a data set: two typed cards, saved as JSON. Unknown fields are refused.

None means "not known"; a metric that cannot be measured under a split is absent, and `reason` says why.
"""

from typing import Literal

from pydantic import Field

from zoo.content import Recipe
from zoo.typed import Typed

Setting = bool | int | float | str | list[int] | None


class Interval(Typed):
    """A mean over users with its 95 % interval (bootstrap over users). n: users for whom the metric is defined."""

    mean: float
    low: float
    high: float
    n: int


class Spread(Typed):
    """A metric over several training runs that differ in their seed alone."""

    mean: float
    sd: float  # standard deviation between runs, n - 1 in the denominator
    n: int  # runs


class Parity(Typed):
    """How far the exported graph is from the model as trained, on the same histories."""

    largest_difference: float  # max |score_onnx - score_torch|
    relative_difference: float  # the same, divided by the range of the scores (max - min) of the list it occurs in
    top_20_agreement: float  # share of users whose top 20 are equal, differences between ties aside; 0..1
    checked: str  # on what: batch sizes and history lengths


class About(Typed):
    """What a model is, in general: the same for every data set. Written beside the model's equation, in training/."""

    name: str  # in the zoo: "ease"
    title: str  # on a page: "EASE"
    # made elsewhere: a visitor's own graph, in no folder of a zoo
    family: Literal["baseline", "linear autoencoder", "deep autoencoder", "two-tower", "made elsewhere"]
    summary: str  # one plain sentence, for somebody who knows no mathematics
    equation: str  # LaTeX without dollar signs
    paper: str | None = None
    input: Literal["items", "users"] = (
        "items"  # users: memory-based, it cannot serve a profile that it was not trained on
    )
    dislikes: Literal["linear", "average", "exempt"] = "average"  # which a the dislike rule takes (zoo/recommend.py)
    item_item: bool = False  # an I x I matrix, carried as two graphs (rows, dense) over the same weights

    @property
    def serves_new_profiles(self) -> bool:
        return self.input == "items"


class Card(Typed):
    """One trained model: what it is, what it learned from, what it costs, how good it is."""

    format: Literal[1] = 1
    about: About
    dataset: str
    dataset_fingerprint: str  # DatasetInfo.fingerprint: a model never serves another catalogue
    split: str
    n_users: int  # users that it learned from
    n_items: int  # I, the columns of its graph
    n_interactions: int
    settings: dict[str, Setting]
    seed: int
    device: str
    fit_seconds: float
    peak_bytes: int | None  # largest resident memory of the fit, above what was resident after the imports
    parameters: int
    weight_bytes: int
    graphs: dict[str, str]  # role -> file: {"rows": "model.onnx"} or {"rows": "model.onnx", "dense": "dense.onnx"}
    gather_width: int  # floats that the graph reads for one history item: the runtime splits batches by it
    outputs: list[str]
    parity: Parity
    metrics: dict[str, Interval] | None  # on the test fold; None where it cannot be measured, and then
    reason: str | None = None  # says why
    runs: dict[str, Spread] | None = None  # the same metrics over several seeds; None where one run was made
    item_tower: Recipe | None = None  # two-tower: how a new item's words, picture and facts become numbers
    details: dict[str, Setting] = Field(default_factory=dict)  # what this family has to say: best epoch, |S - S^T|
    meanings: dict[str, str] = Field(default_factory=dict)  # of settings and details: one sentence each, with the unit
    versions: dict[str, str]
    created: str  # UTC, ISO 8601

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def reads_pictures(self) -> bool:
        return "pictures" in self.details


class DatasetInfo(Typed):
    """One data set as the zoo holds it: counts, rules and split. `fingerprint` covers all that a model depends on."""

    format: Literal[1] = 1
    name: str
    source: str  # the file's name as given, without its folder
    licence: str | None
    simulated: bool = False  # the people and their choices are not real; pages then say "simulated viewers"
    notice: str | None = None  # what whoever looks at this data should know, one sentence or two
    fingerprint: str
    items: str | None = None  # sha256 of the table of items, which may be described anew without training again
    split: str
    threshold: float | None  # a value at or above it is a positive; None: every row
    min_user: int
    min_item: int
    repeats: str
    n_users: int
    n_items: int
    n_interactions: int
    n_training_users: int
    n_training_interactions: int
    n_test_users: int
    n_validation_users: int
    leak_checks: dict[str, int] = Field(default_factory=dict)  # what -> how often found; {}: from before they existed
    rows_read: int
    dropped: dict[str, int]
    notes: list[str]
    created: str
