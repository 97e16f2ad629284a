// Heads of columns that sort.

/** A head says what it means, and which way its column is sorted, if it is; `sort` is called when it is clicked. */
function headNode(column, sort) {
  const words = [column.title, column.sorted ? el("span", { "aria-hidden": "true" }, column.sorted === "descending" ? " ↓" : " ↑") : null]
  const button = el("button", { type: "button", class: "sort", "data-key": `sort-${column.name}`, title: `Sort by ${column.title}`, onclick: sort }, ...words)
  return el("th", { scope: "col", class: "numbers", "aria-sort": column.sorted || "none" }, button, column.why ? term("?", column.why, "why") : null)
}
