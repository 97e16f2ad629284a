// How items move from list to list: columns of titles with lines between them, and under each list what it is like.

/** The lines between two neighbours, in units of a row; what stands on one side only fades out into the gap. */
function linesNode(left, right, n) {
  const box = svg("svg", { viewBox: `0 0 100 ${n}`, preserveAspectRatio: "none", class: "lines", "aria-hidden": "true" })
  const there = new Map(right.rows.map((row) => [row.id, row]))
  const kept = new Set()
  for (const row of left.rows) {
    const other = there.get(row.id)
    const y = row.rank - 0.5
    if (!other) {
      box.append(svg("path", { class: "line stub", "data-id": row.id, d: `M0 ${y}H14` }), svg("path", { class: "line stub faint", "data-id": row.id, d: `M14 ${y}H26` }))
      continue
    }
    kept.add(row.id)
    const z = other.rank - 0.5
    box.append(svg("path", { class: `line ${row.fate}${row.chosen ? " chosen" : ""}`, "data-id": row.id, d: `M0 ${y}C45 ${y} 55 ${z} 100 ${z}` }))
  }
  for (const row of right.rows) {
    const y = row.rank - 0.5
    if (!kept.has(row.id)) box.append(svg("path", { class: "line stub", "data-id": row.id, d: `M100 ${y}H86` }), svg("path", { class: "line stub faint", "data-id": row.id, d: `M86 ${y}H74` }))
  }
  return box
}

/** One item of a list; where a list stands beside it, a thin line leads over to it. */
function rowNode(row, leads) {
  const places = row.elsewhere.map((other) => `rank ${other.rank} in ${other.title}`).join(", ")
  const told = `${row.chosen ? "Really chosen. " : ""}${places ? `Also ${places}` : "In no other list"}`
  return el("li", { class: `row ${row.fate}${row.chosen ? " chosen" : ""}`, "data-id": row.id, title: `${row.title}${row.year ? ` (${row.year})` : ""}: ${told}` },
    el("span", { class: "rank numbers" }, el("span", { class: "hidden-text" }, "Rank "), String(row.rank)),
    el("bdi", { class: "title" }, row.title),
    row.year ? el("span", { class: "year numbers" }, row.year) : null,
    ...row.also.map((other) => el("span", { class: "also numbers", "aria-hidden": "true" }, mark(other), String(other.rank))),
    el("span", { class: "hidden-text" }, told), leads ? el("span", { class: `leader ${row.fate}`, "aria-hidden": "true" }) : null)
}

function headNode(column) {
  return el("h2", {}, mark(column), el("span", {}, ...breakable(column.title)))
}

function flowNode(data) {
  const n = Math.max(1, ...data.columns.map((column) => column.rows.length))
  const cells = data.columns.flatMap((column, at) => {
    const next = data.columns[at + 1]
    const list = el("ol", { class: "rows", role: "list", "aria-label": column.title }, ...column.rows.map((row) => rowNode(row, next && next.rows.some((other) => other.id === row.id))))
    if (!column.rows.length) list.append(el("li", { class: "row own" }, "Nothing to list."))
    return next ? [list, linesNode(column, next, n)] : [list]
  })
  const heads = data.columns.flatMap((column, at) => (at ? [el("span"), headNode(column)] : [headNode(column)]))
  const grid = el("div", { class: data.columns.length > 2 ? "grid many" : "grid" }, ...heads, ...cells)
  grid.style.setProperty("--n", n)
  grid.style.setProperty("--columns", data.columns.map(() => "minmax(var(--narrow), 1fr)").join(" var(--gap) "))
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Ranks from list to list" }, grid)
}

/** Where the items of a list stand on a line, and their middle. */
function ticksNode(cell) {
  const tick = (at, className) => {
    const node = el("span", { class: className })
    node.style.left = `${(100 * at).toFixed(1)}%`
    return node
  }
  return el("span", { class: "ticks", "aria-hidden": "true" }, ...cell.ticks.map((at) => tick(at, "tick")), tick(cell.at, "middle"))
}

function barNode(share) {
  const fill = el("span", { class: "fill" })
  fill.style.width = `${(100 * share).toFixed(1)}%`
  return el("span", { class: "bar", "aria-hidden": "true" }, fill)
}

function cellNode(cell, column) {
  if (!cell) return el("td", { class: "muted" }, "–")
  const node = el("td", { class: "numbers" }, cell.text, cell.note ? el("span", { class: "muted" }, ` ${cell.note}`) : null, cell.ticks ? ticksNode(cell) : barNode(cell.share))
  node.style.setProperty("--light", column.colour[0])
  node.style.setProperty("--dark", column.colour[1])
  return node
}

function factsNode(data) {
  const head = el("tr", {}, el("td"), ...data.columns.map((column) => el("th", { scope: "col" }, el("span", { class: "name" }, mark(column), el("span", {}, ...breakable(column.title))))))
  const rows = data.facts.map((fact) => el("tr", {}, el("th", { scope: "row" }, term(fact.title, fact.meaning)), ...fact.cells.map((cell, at) => cellNode(cell, data.columns[at]))))
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "What each list is like", style: `--lists: ${data.columns.length}` }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)))
}

/** Point at an item, or tap it, and its way through all lists lights up. The box is made once, so are its listeners. */
function linkWays(root) {
  if (root.dataset.linked) return
  root.dataset.linked = "yes"
  const light = (id) => {
    for (const node of root.querySelectorAll("[data-id]")) node.classList.toggle("lit", node.dataset.id === id)
    root.classList.toggle("lighting", Boolean(id))
  }
  root.addEventListener("pointerover", (event) => event.pointerType === "touch" || light(event.target.closest("[data-id]")?.dataset.id))
  root.addEventListener("pointerleave", (event) => event.pointerType === "touch" || light(undefined))
  root.addEventListener("click", (event) => {
    const row = event.target.closest("[data-id]")
    light(row && !row.classList.contains("lit") ? row.dataset.id : undefined)
  })
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "flow")
  linkWays(root)
  const at = [...root.querySelectorAll(".wide")].map((box) => box.scrollLeft)
  const hits = data.columns.some((column) => column.rows.some((row) => row.chosen))
  const key = `A line joins the same item in two lists. What stands in one list alone fades out; a small mark tells the rank in a list further away.${hits ? " In colour: hidden from every model, and really chosen." : ""}`
  refill(root, flowNode(data), el("p", { class: "muted key" }, key), factsNode(data))
  root.querySelectorAll(".wide").forEach((box, i) => (box.scrollLeft = at[i] ?? 0))
}
