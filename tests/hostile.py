"""A zoo whose items are called what strangers may call them: markdown, markup, emoji, right to left, without an end."""

import shutil
from pathlib import Path

import polars as pl

from zoo.manifest import write_manifest

MARKUP = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script><b>bold</b>"
MARKDOWN = "# **bold** [away](http://elsewhere.example) `code` $x^2$ :red[red] :material/home: ![p](http://elsewhere.example/p.png)"
TITLES = (
    MARKUP,
    MARKDOWN,
    "👩‍👩‍👧‍👦 🏳️‍🌈 🎬 \U0001f9db\U0001f3fd‍♀️",
    "\u202eملك الخواتم: عودة الملك",  # with an override that nobody closed
    "W" * 300,
    ("A very long name with many words " * 10)[:300],
    "Z̸̢̛͎̹̻a̵͕̓l̷͚̈́g̶̰̈o̴̙̍ " * 8,
    '" onmouseover="window.pwned=1" \'; DROP TABLE items; --',
    "=HYPERLINK(1),~,&like=1#?%00",
    "{{x}} ${window.pwned=1} </style></script>]]>",
    "\u200b",  # what cannot be seen
    "名探偵コナン 緋色の弾丸",
)


def renamed(zoo: Path, to: Path, dataset: str = "tiny") -> Path:
    """A copy of a data set whose table of items was described anew: what models learned is the same."""
    shutil.copytree(zoo / dataset, to / dataset)
    path = to / dataset / "items.parquet"
    items = pl.read_parquet(path)
    names = [TITLES[at % len(TITLES)] for at in range(len(items))]
    told = {"title": names} | {column: names for column in ("description", "text") if column in items.columns}
    lists = {
        column: [[name, f"{name}!"] for name in names]
        for column, kind in items.schema.items()
        if kind == pl.List(pl.String) and column != "genres"
    }
    items.with_columns(**{name: pl.Series(values) for name, values in (told | lists).items()}).write_parquet(path)
    write_manifest(path.parent, below=False)
    return to
