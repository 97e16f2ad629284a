// One item of the catalogue, found by its title, and what is known of it.

function draw(component) {
  const { data, parentElement, setStateValue } = component
  const root = stage(parentElement, "find")
  const tell = teller(data.of)
  const finder = (root.finder ??= root.appendChild(el("div", {})))
  const held = (root.held ??= root.appendChild(el("div", { class: "found" })))
  combobox(finder, {
    id: "item", query: data.query, options: data.options, actions: [{ kind: "show", label: "Show", icon: "search" }], describe: describeItem,
    label: "Find an item of the catalogue", hint: data.hint, empty: "Nothing here is called",
    ask: (text) => setStateValue("query", { text }),
    say: ({ id }) => tell({ kind: "view", set: { item: data.options.find((option) => option.id === id).item } }),
  })
  const { card } = data
  const facts = [card.about.by, card.about.genres].filter(Boolean)
  held.replaceChildren(poster(card), el("div", {}, el("h2", {}, card.title), el("p", { class: "muted" }, [card.aside, card.year].filter(Boolean).join(" · ")),
    ...facts.map((text) => el("p", {}, text)), card.about.text ? el("p", { class: "muted" }, card.about.text) : ""))
}
