"""One model's answer to one taste, as cards that follow every like and dislike."""

from pages.parts import filters, frame, lists, models, panels, taste

frame.title("Recommend", "Say what you like, or borrow somebody's taste. The list follows every click.")
data = frame.dataset()
taste.bar(data)
model = models.pick_one(data)
asked = taste.current(data)

if not asked:
    lists.invite(data)
elif model is not None:
    shown = [panels.single(model, filters.bar(data))]
    answers = lists.ask(data, shown, asked)
    lists.show(data, shown, asked, answers)
