// A table of models and metrics. Each figure has its interval, says whether it is the best or cannot be told from it, and
// leads to the users behind it; a head sorts, a pin makes its row the one that all others are compared with.

const MARKS = { best: "best", level: "not told apart", more: "▲ better", less: "▼ worse", higher: "▲ more", lower: "▼ less", few: "too few users", alone: "not compared" }

function spanNode(cell) {
  if (!cell.at) return null
  const [low, middle, high] = cell.at.map((share) => `${(100 * share).toFixed(2)}%`)
  const span = el("span", { class: "span" })
  span.style.left = low
  span.style.right = `calc(100% - ${high})`
  const dot = el("span", { class: "middle" })
  dot.style.left = middle
  const zero = cell.zero === undefined ? null : el("span", { class: "zero" })
  if (zero) zero.style.left = `${(100 * cell.zero).toFixed(2)}%`
  return el("span", { class: "scale", "aria-hidden": "true" }, zero, span, dot)
}

function cellNode(cell, row, column, say) {
  if (!cell) return el("td", { class: "none muted" }, el("span", { "aria-label": "not defined" }, "–"))
  const label = `${row.title}, ${column.title}: ${cell.mean ?? ""} ${cell.interval}, ${cell.n}. ${MARKS[cell.state] ?? ""}`
  const question = cell.event?.go === "segments" ? "Who are these users?" : "What is shown?"
  const content = [
    el("span", { class: "top" }, cell.mean ? el("span", { class: "mean" }, cell.mean) : null, cell.state ? el("span", { class: `state ${cell.state}` }, MARKS[cell.state]) : null),
    el("span", { class: "interval muted" }, cell.interval), spanNode(cell),
  ]
  const shown = cell.event
    ? el("button", { type: "button", class: "cell", "data-key": `cell-${row.name}-${column.name}`, "aria-label": `${label}. ${question}`, title: `${cell.n}. ${question}`, onclick: () => say(cell.event) }, ...content)
    : el("span", { class: "cell", title: cell.n }, ...content)
  return el("td", { class: `numbers ${cell.state ?? ""}` }, shown)
}

function rowNode(row, data, say) {
  const pinned = row.name === data.baseline
  const pin = el("button", { type: "button", class: "pin", "data-key": `pin-${row.name}`, "aria-pressed": String(pinned), title: pinned ? "Unpin: show the figures themselves" : "Pin: show the others' differences to it", "aria-label": `Compare with ${row.title}`, onclick: () => say({ kind: "view", set: { baseline: pinned ? "" : row.name } }) }, icon("pin"))
  const node = el("tr", { class: pinned ? "pinned" : "" },
    el("th", { scope: "row" }, el("span", { class: "who" }, mark(row), el("span", { class: "title" }, ...breakable(row.title)), pin), row.note ? el("span", { class: "note muted" }, row.note) : null),
    ...row.cells.map((cell, at) => cellNode(cell, row, data.columns[at], say)))
  node.style.setProperty("--light", row.colour[0])
  node.style.setProperty("--dark", row.colour[1])
  return node
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "board")
  const say = teller(data.of)
  const kept = root.querySelector(".wide")?.scrollLeft ?? 0
  const table = el("table", {}, el("caption", { class: "hidden-text" }, data.caption),
    el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "corner muted" }, data.corner), ...data.columns.map((column) => headNode(column, () => say({ kind: "view", set: { sort: column.name } }))))),
    el("tbody", {}, ...data.rows.map((row) => rowNode(row, data, say))))
  refill(root, el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": data.caption }, table))
  root.querySelector(".wide").scrollLeft = kept
}
