"""Numbers with their units, as one reads them. Pure."""


def size(n_bytes: float) -> str:
    """
    >>> size(42_987), size(8_240_000), size(1_200_000_000)
    ('43 kB', '8.2 MB', '1.2 GB')
    """
    for unit, divisor in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= divisor:
            return f"{short(n_bytes / divisor)} {unit}"
    return f"{max(n_bytes / 1e3, 0.1):.{0 if n_bytes >= 1e3 else 1}f} kB"


def count(n: int) -> str:
    """
    >>> count(9_724), count(94_556_176)
    ('9,724', '94.6 million')
    """
    return f"{n:,}" if n < 1e6 else f"{short(n / 1e6)} million"


def duration(seconds: float) -> str:
    """
    >>> duration(0.001), duration(4.63), duration(152), duration(7260)
    ('under 0.1 s', '4.6 s', '2 min 32 s', '2 h 1 min')
    """
    if seconds < 60:
        return "under 0.1 s" if seconds < 0.1 else f"{short(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short(value: float) -> str:
    """One decimal below 100, where it is not 0.

    >>> short(8.24), short(12.0), short(378.2)
    ('8.2', '12', '378')
    """
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}".removesuffix(".0")


def decimals(value: float) -> str:
    """
    >>> decimals(0.34567), decimals(8.21), decimals(123.4)
    ('0.346', '8.21', '123.4')
    """
    size = abs(value)
    return f"{value:.{3 if size < 2 else 2 if size < 100 else 1}f}".replace("-", "−")


def signed(value: float) -> str:
    """
    >>> signed(0.0123), signed(-0.2)
    ('+0.0123', '−0.2000')
    """
    return f"{value:+.4f}".replace("-", "−")


def p_text(p: float) -> str:
    """
    >>> p_text(0.0321), p_text(0.0)
    ('p = 0.032', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def milliseconds(amount: float) -> str:
    """
    >>> milliseconds(0.5831), milliseconds(123.4)
    ('0.58 ms', '123 ms')
    """
    return f"{amount:,.0f} ms" if amount >= 10 else f"{amount:.2g} ms"
