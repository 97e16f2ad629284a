"""What became of somebody's file over a catalogue, in numbers and in one sentence."""

from dataclasses import dataclass

import polars as pl

from zoo.exports import ASIDE, DISLIKE, LIKE, SEEN, Reason

TITLES = {LIKE: "Likes", DISLIKE: "Dislikes", SEEN: "Seen, but say nothing", ASIDE: "Left aside"}


@dataclass(frozen=True)
class MatchReport:
    """rows == matched + unknown + left_aside; matched == by_id + by_title + by_hand.

    X.nnz + dislikes.nnz + seen.nnz == matched - repeated. In `matches`, `how` is "id", "title", "hand", "left out"
    or "unknown", and `says` is "like", "dislike" or "seen".
    """

    rows: int
    matched: int  # rows that say something and whose item is in the catalogue, repeats included
    unknown: int  # such rows that name no item of the catalogue, or no user where the others do
    repeated: int  # of the matched rows: the same user and item once more
    below_threshold: int  # of the matched rows of a file that is no export, those that are rated too low to be likes
    by_id: int
    by_title: int
    unknown_examples: list[str]  # up to 5, the most frequent first
    matches: pl.DataFrame  # given, item_idx (-1 unknown), title, how, score 0..100, rows, says
    left_aside: int = 0  # rows that say nothing of a taste, or that somebody left out
    by_hand: int = 0
    service: str | None = None  # whose export it is
    reasons: tuple[tuple[Reason, int], ...] = ()  # of an export: why its rows count as they do, and how many do
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Such as "412 of 450 rows matched; 38 unknown; 3 repeated."; of an export, what counts as a like and why."""
        return " ".join([(f"{self.service} export: " if self.service else "") + self.counts(), *self.verdicts()])

    def counts(self) -> str:
        """The first half of the sentence."""
        below = f", {self.below_threshold:,} of them below the threshold" if self.below_threshold else ""
        facts = [
            f"{self.matched:,} of {self.rows:,} rows matched{below}",
            f"{self.unknown:,} unknown",
            f"{self.repeated:,} repeated",
        ]
        aside = [f"{self.left_aside:,} left aside"] if self.left_aside else []
        return "; ".join(facts + aside) + "."

    def verdicts(self) -> list[str]:
        """Such as ["Likes: 18 rated 3.5 or more, 6 watched and not rated.", "Dislikes: 3 rated below 2.5."]."""
        told = []
        for verdict, title in TITLES.items():
            of_it = [(reason, rows) for reason, rows in self.reasons if reason.verdict == verdict and rows]
            counted = [f"{rows:,} {reason.words}" for reason, rows in of_it]
            told += [f"{title}: {', '.join(counted)}."] if counted else []
        return told
