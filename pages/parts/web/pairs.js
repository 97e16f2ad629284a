// Every two models compared. A head sorts, here in the browser; a row leads to the users on whom its two differ.

const ASCENDING = ["first", "second", "p"] // as they are sorted at the first click: names, and the smallest p

function order(rows, { at, descending }) {
  const values = new Map(rows.map((row) => [row, row.cells[at].value]))
  const known = rows.filter((row) => values.get(row) !== null) // what has no value comes last, either way
  const sign = descending ? -1 : 1
  known.sort((a, b) => sign * (values.get(a) < values.get(b) ? -1 : values.get(a) > values.get(b) ? 1 : 0))
  return [...known, ...rows.filter((row) => values.get(row) === null)]
}

/** How the table was left, beyond the life of the page: whoever comes back finds it so. */
function memory() {
  return (window.menageriePairs ??= { sorted: null, left: null })
}

function rowNode(row, data, leave) {
  const [first, second, difference, ...others] = row.cells
  const who = (name, text) => el("span", { class: "who" }, mark(data.models[name]), el("span", {}, ...breakable(text)))
  const label = `${first.text} minus ${second.text}: ${difference.text} ${row.interval}. Who are these users?`
  const button = el("button", { type: "button", class: "difference", "data-key": row.pair.join(" "), title: "Who are these users?", "aria-label": label }, el("span", { class: "mean" }, difference.text), el("span", { class: "interval muted" }, row.interval))
  return el("tr", { class: row.sure ? "sure" : null, onclick: () => leave(row.event) },
    el("th", { scope: "row" }, who(row.pair[0], first.text), el("span", { class: "minus muted" }, "minus ", ...breakable(second.text))), el("td", { class: "second" }, who(row.pair[1], second.text)), el("td", { class: "numbers" }, button),
    ...others.map(({ text }) => el("td", { class: "numbers" }, text)))
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "pairs")
  const [say, mine] = [teller(data.of), memory()]
  const leave = (event) => {
    mine.left = root.querySelector(".wide").scrollTop
    say(event)
  }
  const fill = () => {
    const { scrollLeft = 0, scrollTop = mine.left ?? 0 } = root.querySelector(".wide") ?? {}
    const { sorted } = mine
    const sort = (at) => {
      mine.sorted = { at, descending: sorted?.at === at ? !sorted.descending : !ASCENDING.includes(data.columns[at].name) }
      fill()
    }
    const heads = data.columns.map((column, at) => headNode({ ...column, sorted: sorted?.at !== at ? null : sorted.descending ? "descending" : "ascending" }, () => sort(at)))
    heads.forEach((head, at) => head.classList.toggle("second", data.columns[at].name === "second"))
    const rows = sorted ? order(data.rows, sorted) : data.rows
    refill(root, el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": data.caption },
      el("table", {}, el("caption", { class: "hidden-text" }, data.caption), el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows.map((row) => rowNode(row, data, leave))))))
    Object.assign(root.querySelector(".wide"), { scrollLeft, scrollTop })
  }
  const cameBack = !root.querySelector(".wide") && mine.left !== null
  fill()
  mine.left = cameBack ? null : mine.left
  if (cameBack) root.scrollIntoView({ block: "center" })
}
