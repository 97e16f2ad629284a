"""Bring a model: an ONNX file of one's own, checked, then beside the zoo for this session alone."""

from pages.parts import access, frame, own_bring, own_card, own_model
from zoo.roles import Role

access.require(Role.ANALYST)
frame.title("Bring a model", "A recommender of yours, as ONNX, beside the zoo: for this session, and for you alone.")
data = frame.dataset()
own_bring.show(data)
mine = own_model.all_of(data)
for own in mine:
    own_card.show(data, own)
if not mine:
    own_bring.explain(data)
