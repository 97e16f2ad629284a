// Ranked lists as poster cards: one list as a grid, or several side by side. One element on the page, however many cards.

function verdictButtons(card, say) {
  const button = (verdict, label) => {
    const on = card.verdict === verdict
    return el("button", {
      type: "button", class: "round", "data-key": `${verdict}-${card.id}`, "aria-pressed": String(on), title: on ? `Take back: ${label.toLowerCase()}` : label,
      "aria-label": `${label}: ${card.title}`,
      onclick: (event) => {
        event.currentTarget.setAttribute("aria-pressed", String(!on)) // answer at once; the lists follow
        say({ kind: on ? "forget" : verdict, id: card.id })
      },
    }, icon(verdict))
  }
  return el("span", { class: "verdicts" }, button("like", "Like"), button("dislike", "Dislike"))
}

function also(card, list) {
  if (!card.also.length) return null
  const names = card.also.map((other) => `${other.title}, rank ${other.rank}`).join("; ")
  return el("span", { class: "also", title: `Also in: ${names}` }, el("span", { class: "hidden-text" }, `Also in ${names}`),
    ...card.also.map((other) => el("span", { class: "also-one", "aria-hidden": "true" }, mark(other), String(other.rank))))
}

function cardNode(card, list, data, say) {
  const marks = [
    card.chosen ? el("span", { class: "tag chosen", title: "Hidden from every model; this person really chose it" }, "really chosen") : null,
    card.common ? el("span", { class: "tag common", title: "In every list shown" }, "in all") : null,
    card.verdict === "like" && !data.judge ? el("span", { class: "tag" }, "in the history") : null,
  ]
  return el("li", { class: `card${card.chosen ? " is-chosen" : ""}${card.common ? " is-common" : ""}`, "data-id": card.id },
    poster(card),
    el("div", { class: "label" },
      card.rank ? el("span", { class: "rank numbers" }, el("span", { class: "hidden-text" }, "Rank "), String(card.rank)) : null,
      el("div", { class: "words" },
        el("strong", { class: "title" }, card.title),
        card.aside ? el("span", { class: "aside muted" }, card.aside) : null,
        el("span", { class: "facts muted numbers" }, card.year ?? "", card.score ? term(card.score, list.score, "score") : null),
        el("span", { class: "tags" }, ...marks, also(card, list))),
      data.judge ? verdictButtons(card, say) : null))
}

function problemNode(list, say) {
  return el("div", { class: "problem", role: "note" }, el("p", {}, list.problem.text),
    el("div", { class: "ways" }, ...list.problem.ways.map((way) => el("button", { type: "button", class: "plain", onclick: () => say(way.event) }, way.label))))
}

function listNode(list, data, say) {
  const head = list.title ? el("header", { class: "list-head" },
    el("h2", {}, list.colour ? mark(list) : null, list.title),
    el("p", { class: "muted" }, ...list.facts.flatMap((fact, i) => [i ? " · " : null, term(fact.text, fact.why)])),
    list.note ? el("p", { class: "note" }, list.note) : null) : null
  if (list.problem) return el("section", { class: "list" }, head, problemNode(list, say))
  if (!list.cards.length) return el("section", { class: "list" }, head, el("p", { class: "problem" }, data.empty))
  return el("section", { class: "list" }, head, el("ol", { class: "cards", role: "list" }, ...list.cards.map((card) => cardNode(card, list, data, say))))
}

/** Hover or focus one card, and the same item lights up in every list. The box is made once, so are its listeners. */
function linkTwins(root) {
  if (root.dataset.linked) return
  root.dataset.linked = "yes"
  const light = (event) => {
    const leaves = event.type === "pointerleave" || event.type === "focusout"
    const id = leaves ? null : event.target.closest(".card")?.dataset.id
    for (const card of root.querySelectorAll(".card")) card.classList.toggle("twin", card.dataset.id === id)
  }
  for (const type of ["pointerover", "pointerleave", "focusin", "focusout"]) root.addEventListener(type, light)
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = stage(parentElement, "lists")
  root.classList.toggle("columns", data.layout === "columns")
  root.style.setProperty("--n", String(data.lists.length))
  const say = outbox(root, setTriggerValue, data.seen)
  root.boxes ??= [el("span", { class: "hidden-text", role: "status" }), el("div", { class: "all" })]
  const [status, all] = root.boxes
  if (!all.isConnected) root.append(...root.boxes)
  refill(all, ...data.lists.map((list) => listNode(list, data, say)))
  status.textContent = data.lists.map((list) => `${list.title}: ${list.cards.length} items`).join("; ")
  linkTwins(root)
}
