"""One fixed colour per model, everywhere: the hue says the family, the shade the model; the family also has a shape.

Every shade has a contrast of 3:1 or more with the page (WCAG 2.2, 1.4.11), in light and in dark. Neighbours in a family
are far apart in lightness, so that they differ in print and without colour vision.
"""

from zlib import crc32

FAMILIES = {  # family: (shape, shades in light, shades in dark)
    "baseline": (
        "square",
        ("#60636A", "#83868E", "#3F4249", "#71747C", "#2B2E34", "#4F5359"),
        ("#A1A5AC", "#CDD1D9", "#7D8088", "#B7BBC2", "#E4E8F0", "#8F929A"),
    ),
    "linear autoencoder": (
        "circle",
        ("#1666AA", "#1C90CB", "#123E86", "#4D71C0", "#01314E", "#175198"),
        ("#60AAF3", "#A1D9FF", "#507FCD", "#99BAFD", "#D5EBFD", "#5A94E0"),
    ),
    "deep autoencoder": (
        "triangle",
        ("#964C04", "#C66941", "#613700", "#A26500", "#4D1D01", "#7A4300"),
        ("#E28D4F", "#FEC1A8", "#B46D10", "#F0AA56", "#FFE1D3", "#CB7D32"),
    ),
    "two-tower": (
        "diamond",
        ("#14764A", "#57985D", "#074F3B", "#0D886D", "#013916", "#006244", "#66791A"),
        ("#63BA8A", "#A2E5A6", "#269573", "#66D2B2", "#B2FDC1", "#45A780", "#C3D36A"),
    ),
    "made elsewhere": ("star", ("#B0256E", "#D9508F", "#7D0F4A"), ("#F08BB8", "#FFC6DD", "#D8659A")),  # one's own
}
ELSEWHERE = {"mark": "cross", "colour": ["#7A3E9D", "#C79BE8"]}  # lists that no model of the zoo made
SHADES = {  # for models we know; another one gets a shade by its name
    "popularity": 0, "item_knn": 1,
    "ease": 0, "pure_svd": 1, "asymmetric_svd": 2, "ease_sparse": 4,
    "variational": 0, "denoising": 1, "autoencoder": 2,
    "two_tower_id": 0, "two_tower_profile": 1, "two_tower_item_profile": 2, "two_tower_text": 3, "two_tower_image": 4,
    "two_tower_mixed": 5, "two_tower_id_fold_in": 6,
    "yours": 0, "yours-2": 1, "yours-3": 2,
}  # fmt: skip


def of_model(name: str, family: str) -> dict[str, str | list[str]]:
    """{"mark": shape, "colour": [light, dark]} of a model."""
    shape, light, dark = FAMILIES[family]
    shade = SHADES.get(name, crc32(name.encode()) % len(light))
    shade %= len(light)  # of a broken model the family is not known: it is drawn as a baseline
    return {"mark": shape, "colour": [light[shade], dark[shade]]}
