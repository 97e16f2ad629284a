"""Colours as others see them: contrast (WCAG 2.2), colour vision deficiencies, and how far apart two colours are."""

import numpy as np

# Machado, Oliveira, Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
# TVCG 15(6), table 1 at severity 1.0: linear RGB -> linear RGB. Grey: the luminance of print without colour.
SIGHTS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
XYZ = np.array(  # of linear sRGB (IEC 61966-2-1)
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = XYZ.sum(axis=1)  # D65


def linear(colour: str) -> np.ndarray:
    """#rrggbb -> float64 [3] in 0..1, linear light (IEC 61966-2-1)."""
    coded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


def contrast(a: str, b: str) -> float:
    """1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def mixed(over: str, ground: str, share: float) -> str:
    """What a see-through colour is on a ground, mixed as browsers do: in coded values."""
    pairs = [(int(over[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * one + (1 - share) * other):02x}" for one, other in pairs)


def lab(colour: str, sight: str = "full") -> np.ndarray:
    """CIELAB (D65) of a colour as this sight sees it."""
    seen = np.clip(SIGHTS[sight] @ linear(colour), 0, 1)
    ratio = XYZ @ seen / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a: str, b: str, sight: str = "full") -> float:
    """How far apart two colours are: CIEDE2000, where 1 is barely seen side by side.

    Sharma, Wu, Dalal 2005, "The CIEDE2000 Color-Difference Formula", Color Research and Application 30(1); the numbers
    are its equations.
    """
    (L1, a1, b1), (L2, a2, b2) = lab(a, sight), lab(b, sight)
    return ciede2000((L1, a1, b1), (L2, a2, b2))


def ciede2000(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    (L1, a1, b1), (L2, a2, b2) = one, other
    C = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    G = 0.5 * (1 - np.sqrt(C**7 / (C**7 + 25.0**7)))  # (4)
    a1, a2 = (1 + G) * a1, (1 + G) * a2  # (5)
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)  # (6)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 if (a or b) else 0.0 for a, b in ((a1, b1), (a2, b2)))  # (7)
    grey = C1 * C2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180  # (10)
    dL, dC, dH = L2 - L1, C2 - C1, 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn) / 2)  # (8), (9), (11)
    L, C = (L1 + L2) / 2, (C1 + C2) / 2  # (12), (13)
    h = h1 + h2 if grey else (h1 + h2) / 2 if abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360  # (14)
    T = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.20 * np.cos(np.radians(4 * h - 63))
    )  # (15)
    turned = np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))  # (16), twice the angle
    S_L = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)  # (18)
    S_C, S_H = 1 + 0.045 * C, 1 + 0.015 * C * T  # (19), (20)
    R_T = -np.sin(turned) * 2 * np.sqrt(C**7 / (C**7 + 25.0**7))  # (17), (21)
    parts = (dL / S_L, dC / S_C, dH / S_H)
    return float(np.sqrt(sum(part**2 for part in parts) + R_T * parts[1] * parts[2]))  # (22)
