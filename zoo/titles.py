"""Titles made comparable: case, accents, punctuation and articles do not count, nor does where the article stands."""

import polars as pl

ARTICLES = "the|a|an|le|la|les|el|los|las|il|lo|das|der"  # not "die": Die Hard has no article
ARTICLE_BEFORE = rf"^(?:{ARTICLES})\s+(\S)"
ARTICLE_BEHIND = rf"^(.+?), (?:{ARTICLES})(?P<rest>$|\s*\(.*)"  # "Boot, Das (Boat, The)"
YEAR_SUFFIX = r"\s*[(\[](\d{4})[)\]]\s*$"
MAX_LENGTH = 300  # letters; what is longer is no title

# Roman numerals, without v and x: these are words as well.
NUMERALS = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


def normal_form(titles: pl.Series, longest: int = MAX_LENGTH) -> pl.Series:
    """Titles as they are compared; letters beyond `longest` are cut off.

    >>> normal_form(pl.Series(["Shawshank Redemption, The (1994)", "Amélie", "Ocean's  Eleven", "!!!"])).to_list()
    ['shawshank redemption', 'amelie', 'oceans eleven', '!!!']
    """
    typed = pl.col("title").str.slice(0, longest)
    text = typed.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"\p{M}", "").str.replace(YEAR_SUFFIX, "")
    text = text.str.replace_all("[’'`´]", "").str.replace_all("&", " and ", literal=True).str.strip_chars()
    text = text.str.replace(ARTICLE_BEHIND, "$1$rest").str.replace(ARTICLE_BEFORE, "$1")
    words = text.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    as_typed = typed.str.to_lowercase().str.strip_chars()  # a title of marks only
    return titles.to_frame("title").select(pl.when(words != "").then(words).otherwise(as_typed)).to_series()


def without_parentheses(titles: pl.Series) -> pl.Series:
    """
    >>> without_parentheses(pl.Series(["Seven (a.k.a. Se7en)", "Twilight (Twilight, #1)", "(untitled)"])).to_list()
    ['Seven', 'Twilight', '(untitled)']
    """
    stripped = pl.col("title").str.replace_all(r"\s*\([^()]*\)", "").str.strip_chars()
    return titles.to_frame("title").select(pl.when(stripped != "").then(stripped).otherwise("title")).to_series()


def also_called(titles: pl.Series) -> pl.Series:
    """The other title in parentheses, where there is one; the place in a series is none.

    >>> also_called(pl.Series(["Seven (a.k.a. Se7en)", "Twilight (Twilight, #1)", "Amélie (Amelie) (2001)"])).to_list()
    ['Se7en', None, 'Amelie']
    """
    other = titles.str.replace(YEAR_SUFFIX, "").str.extract(r"\S\s*\((?:a\.?k\.?a\.?\s+)?([^()#]+)\)\s*$")
    return other.str.strip_chars()


def year_number(years: pl.Series) -> pl.Series:
    """Int32: years given as numbers, dates or text; null where there is none (0 counts as none).

    >>> year_number(pl.Series(["1994", "1994.0", "-750", "2 May 1994", "soon", "0"])).to_list()
    [1994, 1994, -750, 1994, None, None]
    """
    if years.dtype in (pl.Date, pl.Datetime):
        number = years.dt.year()
    elif years.dtype.is_numeric():
        number = years
    elif years.dtype == pl.String:
        number = years.str.extract(r"^\s*(-?\d{1,4})(?:\.0+)?\s*$")
        number = number.fill_null(years.str.extract(r"(?:^|\D)(\d{4})(?:\D|$)"))
    else:
        number = pl.repeat(None, len(years), dtype=pl.Int32, eager=True)
    number = number.cast(pl.Int32, strict=False).alias("year")
    return number.to_frame().select(pl.when(pl.col("year").abs().is_between(1, 9999)).then("year")).to_series()


def year_in_title(titles: pl.Series) -> pl.Series:
    """Int32: the year in parentheses at the end of a title, else null."""
    return titles.str.extract(YEAR_SUFFIX).cast(pl.Int32, strict=False)


def without_year(titles: pl.Series) -> pl.Series:
    """
    >>> without_year(pl.Series(["Toy Story (1995)", "(500) Days of Summer", "(1984)"])).to_list()
    ['Toy Story', '(500) Days of Summer', '(1984)']
    """
    stripped = pl.col("title").str.replace(YEAR_SUFFIX, "")
    return titles.to_frame("title").select(pl.when(stripped != "").then(stripped).otherwise("title")).to_series()


def with_arabic_numbers(forms: pl.Series) -> pl.Series:
    """
    >>> with_arabic_numbers(pl.Series(["rocky iii", "malcolm x"])).to_list()
    ['rocky 3', 'malcolm x']
    """
    words = pl.col("form").str.split(" ").list.eval(pl.element().replace(NUMERALS))
    return forms.to_frame("form").select(words.list.join(" ")).to_series()


def numbers_in(forms: pl.Series) -> pl.Series:
    """The numbers of a normal form, as one text: Rocky 2 is not Rocky 3, however alike they look.

    >>> numbers_in(pl.Series(["rocky 2", "2001 a space odyssey 1", "rocky"])).to_list()
    ['2', '2001 1', '']
    """
    numbers = pl.col("form").str.split(" ").list.eval(pl.element().filter(pl.element().str.contains(r"^\d+$")))
    return forms.to_frame("form").select(numbers.list.join(" ")).to_series()
