"""Data sets that others publish and that many have measured on: where they are, and what their owners say of them.

Checksums: MovieLens publishes an MD5 beside each archive (NAME.zip.md5). Those of the fixed releases never change and
are pinned here; that of latest-small is read from its owner at each download. goodbooks-10k publishes none: its
download is checked for its length, and its content for the checksums inside the archive.
"""

from dataclasses import dataclass

MOVIELENS = "https://files.grouplens.org/datasets/movielens"
RESEARCH = (
    "research use; acknowledge the data set in publications; imply no endorsement; "
    "no commercial or revenue-bearing use without permission from GroupLens; "
)
NOT_PASSED_ON = RESEARCH + "do not redistribute it without separate permission"
PASSED_ON = RESEARCH + "redistribute it, transformed or not, under these same conditions only"
HARPER = "Harper and Konstan 2015, The MovieLens Datasets: History and Context, doi 10.1145/2827872"


@dataclass(frozen=True)
class Known:
    """A published data set. Counts are its owner's, before any rule of ours."""

    name: str  # what it is called here, on the command line
    what: str  # one sentence
    users: int
    items: int  # described ones; some have no rating
    rows: int  # ratings
    url: str  # a zip archive
    bytes: int | None  # of the archive; None: not known beforehand
    unpacked_bytes: int  # no table of it is larger than all of this together; a limit against archives that explode
    form: str  # how its tables are written: zoo/datasets/convert.py
    licence: str
    cite: str
    page: str  # where a person reads about it
    md5: str | None = None  # published by the owner, pinned here
    publishes_md5: bool = False  # at url + ".md5"


def _movielens(size: str, **facts: object) -> Known:
    name = f"ml-{size}"
    page = "latest" if size.startswith("latest") else size
    fixed = {"url": f"{MOVIELENS}/{name}.zip", "publishes_md5": True, "cite": HARPER}
    return Known(name=name, page=f"https://grouplens.org/datasets/movielens/{page}/", **fixed, **facts)  # type: ignore[arg-type]


KNOWN = {
    known.name: known
    for known in (
        _movielens(
            "latest-small",
            what="MovieLens, small (September 2018): for development, not for results that are shared",
            users=610,
            items=9_742,
            rows=100_836,
            bytes=978_202,
            unpacked_bytes=64 * 10**6,
            form="movielens-csv",
            licence=PASSED_ON,
        ),
        _movielens(
            "1m",
            what="MovieLens 1M (2003): whole stars, people who joined in 2000",
            users=6_040,
            items=3_883,
            rows=1_000_209,
            bytes=5_917_549,
            unpacked_bytes=64 * 10**6,
            form="movielens-dat",
            licence=NOT_PASSED_ON,
            md5="c4d9eecfca2ab87c1945afe126590906",
        ),
        _movielens(
            "20m",
            what="MovieLens 20M (2015): half stars; most published autoencoder results are on it",
            users=138_493,
            items=27_278,
            rows=20_000_263,
            bytes=198_702_078,
            unpacked_bytes=10**9,
            form="movielens-csv",
            licence=NOT_PASSED_ON,
            md5="cd245b17a1ae2cc31bb14903e1204af3",
        ),
        _movielens(
            "25m",
            what="MovieLens 25M (2019): half stars",
            users=162_541,
            items=62_423,
            rows=25_000_095,
            bytes=261_978_986,
            unpacked_bytes=15 * 10**8,
            form="movielens-csv",
            licence=NOT_PASSED_ON,
            md5="6b51fb2759a8657d3bfcbfc42b592ada",
        ),
        _movielens(
            "32m",
            what="MovieLens 32M (2023): half stars; the largest and latest fixed release",
            users=200_948,
            items=87_585,
            rows=32_000_204,
            bytes=238_950_008,
            unpacked_bytes=15 * 10**8,
            form="movielens-csv",
            licence=NOT_PASSED_ON,
            md5="d472be332d4daa821edc399621853b57",
        ),
        Known(
            name="goodbooks-10k",
            what="goodbooks-10k, 6M ratings (2017): the ten thousand most rated books of Goodreads, no times",
            users=53_424,
            items=10_000,
            rows=5_976_479,
            url="https://github.com/zygmuntz/goodbooks-10k/releases/download/v1.0/goodbooks-10k.zip",
            bytes=None,
            unpacked_bytes=3 * 10**8,
            form="goodbooks",
            licence="CC BY-SA 4.0: name the source, and share what you make of it under the same licence",
            cite="Zajac 2017, Goodbooks-10k: a new dataset for book recommendations",
            page="https://github.com/zygmuntz/goodbooks-10k",
        ),
    )
}
