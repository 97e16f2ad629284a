"""Words or a picture in place of a history, and items that nobody has chosen yet."""

from pages.parts import answers, filters, frame, placing, prompt, taste, view

frame.title("Prompt", "Say it in words, or show a picture: models that read what an item is need no history.")
data = frame.dataset()
who = prompt.readers(data)
if not who:
    prompt.nobody(data)
    frame.end()
tasks = {"find": "Find items", "add": "Add an item"}
if view.one("ask", "What to do", tasks, "find", segments=True) == "add":
    placing.show(data, who)
    frame.end()
asked = prompt.ask(data, who)
if not asked.kinds:
    answers.invite(data, who)
else:
    taste.bar(data)
    limits = prompt.limited(data, filters.bar(data), asked.reading)
    answers.show(data, who, asked, limits)
answers.explain()
