// Users behind a number: one row each, with what a metric gives them. A row opens that user's history and lists.

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "people")
  const say = teller(data.of)
  const rows = data.people.map((person) => {
    const chosen = person.id === data.chosen
    const label = `${person.title}, ${person.note}. ${data.heads.map((head, at) => `${head}: ${person.values[at]}`).join(", ")}`
    return el("li", {}, el("button", { type: "button", class: "person", "data-key": `person-${person.id}`, "aria-pressed": String(chosen), "aria-label": label, onclick: () => say({ kind: "view", set: { person: chosen ? "" : person.id } }) },
      el("span", { class: "title" }, person.title), el("span", { class: "muted note" }, person.note),
      ...person.values.map((value) => el("span", { class: "numbers value" }, value))))
  })
  const head = el("div", { class: "heads muted", "aria-hidden": "true" }, el("span", {}, "User"), el("span", {}, "Choices"), ...data.heads.map((text) => el("span", { class: "numbers value" }, text)))
  const at = root.querySelector(".box")?.scrollTop ?? 0
  root.style.setProperty("--values", data.heads.length)
  refill(root, head, el("div", { class: "box" }, el("ul", { role: "list" }, ...rows)))
  root.querySelector(".box").scrollTop = at
}
