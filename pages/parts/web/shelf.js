// The catalogue owner's tables: what each model shows of something, whom it shows it to, and items as small posters.

/** How often at each rank, as a strip: the darker, the more lists. */
function stripNode(strip) {
  const cells = strip.map((share) => {
    const cell = el("span", {})
    cell.style.opacity = String(0.06 + 0.94 * share)
    return cell
  })
  return el("span", { class: "strip", "aria-hidden": "true" }, ...cells)
}

function rowNode(row, data, say) {
  const what = row.strip ? "Whom it is shown to" : "What it never shows"
  const number = (value, at) => el("button", { type: "button", class: "number numbers", "data-key": `${row.name}-${at}`, title: `${what}: below`, "aria-label": `${row.title}, ${data.heads[at]}: ${value}. ${what}?`, onclick: () => say(row.event) }, value)
  const node = el("tr", {}, el("th", { scope: "row" }, el("span", { class: "who" }, mark(row), el("span", {}, ...breakable(row.title))), row.note ? el("span", { class: "note muted" }, row.note) : null),
    row.strip ? el("td", { class: "at" }, stripNode(row.strip)) : null, ...row.values.map((value, at) => el("td", {}, number(value, at))))
  node.style.setProperty("--light", row.colour[0])
  node.style.setProperty("--dark", row.colour[1])
  return node
}

function tableNode(data, say) {
  const strips = data.rows.some((row) => row.strip)
  const head = el("tr", {}, el("th", { scope: "col" }, "Model"), strips ? el("th", { scope: "col", class: "at" }, term(`Rank 1 to ${data.k}`, "How often it stands at each rank; the darker, the more lists.")) : null, ...data.heads.map((text, at) => el("th", { scope: "col", class: "numbers" }, term(text, data.whys?.[at]))))
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "What each model shows" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...data.rows.map((row) => rowNode(row, data, say)))))
}

function personNode(person, say) {
  return el("li", {}, el("button", { type: "button", class: "person", "data-key": `person-${person.id}`, title: "History and lists of this user", onclick: () => say(person.event) },
    el("strong", {}, person.title), el("span", { class: "muted" }, person.note)))
}

function cardNode(card, say) {
  return el("li", {}, el("button", { type: "button", class: "small-card", "data-key": `item-${card.id}`, onclick: () => say(card.event) },
    poster(card), el("strong", {}, card.title), el("span", { class: "muted" }, [card.year, card.note].filter(Boolean).join(" · "))))
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "shelf")
  const say = teller(data.of)
  const at = [...root.querySelectorAll(".box")].map((box) => box.scrollTop)
  refill(root, ...[
    data.rows ? tableNode(data, say) : null,
    data.people ? el("div", { class: "box" }, el("ul", { class: "people", role: "list" }, ...data.people.map((person) => personNode(person, say)))) : null,
    data.cards ? el("div", { class: "box" }, el("ul", { class: "small-cards", role: "list" }, ...data.cards.map((card) => cardNode(card, say)))) : null,
  ].filter(Boolean))
  root.querySelectorAll(".box").forEach((box, i) => (box.scrollTop = at[i] ?? 0))
}
