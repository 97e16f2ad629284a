"""What a model holds to be alike: the items nearest to one, a heat map of a shelf, and a map of the catalogue."""

from pages.parts import frame, heat, item_map, similar

frame.title("Similar", "What leads to what? The items that each model ties together, near one item or on one map.")
data = frame.dataset()
see = similar.controls()
if see == "nearest":
    similar.nearest(data)
elif see == "heat":
    heat.show(data)
else:
    item_map.show(data)
similar.meaning(see)
