// How alike the lists are, pair by pair: a small table whose heads carry their definitions.

function bar(value) {
  const fill = el("span", { class: "fill" })
  fill.style.width = `${(100 * value).toFixed(1)}%`
  return el("span", { class: "bar", "aria-hidden": "true" }, fill)
}

/** The figures stand behind the sentence; what was opened stays open. */
function fold(root, table) {
  const box = el("details", { open: Boolean(root.open), ontoggle: (event) => { root.open = event.currentTarget.open } })
  box.append(el("summary", { class: "muted" }, "How alike, pair by pair"), table)
  return box
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "overlap")
  const head = el("tr", {}, el("th", { scope: "col" }, "Lists"), ...data.columns.map((column) => el("th", { scope: "col", class: "numbers" }, term(column.title, column.meaning))))
  const rows = data.pairs.map((pair) => el("tr", {},
    el("th", { scope: "row" }, ...pair.models.flatMap((model, i) => [i ? " and " : null, el("span", { class: "name" }, mark(model), model.title)])),
    ...pair.cells.map((cell) => el("td", { class: "numbers" }, cell.text, cell.share === null ? null : bar(cell.share)))))
  refill(root, el("p", { class: "lead" }, data.sentence), ...(rows.length ? [fold(root, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)))] : []))
}
