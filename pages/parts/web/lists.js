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
    ...card.also.map((other) => el("span", { class: "also-one", "aria-hidden": "true" }, mark(other), `${other.named ? `${other.title}: ` : ""}${other.rank}`)))
}

/** What is known of an item, behind its poster and title: on hover, on focus of the title, and by a tap on the poster. */
function aboutNode(card, picture, title) {
  const { by, genres, text } = card.about
  if (!by && !genres && !text) return null
  const tip = el("div", { class: "tip about", role: "tooltip", id: `tip-${++tips}` }, el("strong", {}, card.title + (card.year ? ` (${card.year})` : "")),
    ...[by, genres].filter(Boolean).map((line) => el("span", { class: "about-line" }, line)), text ? el("p", {}, text) : null)
  title.tabIndex = 0
  title.setAttribute("aria-describedby", tip.id)
  const show = (on, at) => {
    tip.classList.toggle("open", on)
    if (on) place(tip, at)
  }
  for (const node of [picture, title]) {
    node.onpointerenter = (event) => event.pointerType === "touch" || show(true, node)
    node.onpointerleave = (event) => event.pointerType === "touch" || show(false)
  }
  title.onfocus = () => title.matches(":focus-visible") && show(true, title)
  title.onblur = () => show(false)
  picture.onclick = (event) => event.pointerType === "touch" && show(!tip.classList.contains("open"), picture)
  return tip
}

/** Why it is here: a line that comes after the lists (reasons.js), and the way to all of it. */
function whyNode(card, list, at, data, say) {
  if (!data.because || !card.rank) return null
  const ask = () => say({ kind: "view", set: { why: card.item, whose: list.whose, turn: "" } })
  return el("div", { class: "why" }, el("span", { class: "because muted", "data-of": `${at}-${card.id}` }),
    el("button", { type: "button", class: "quiet", "data-key": `why-${at}-${card.id}`, "aria-label": `Why ${card.title}? (${list.title})`, onclick: ask }, "Why?"))
}

/** Writes the reasons on the cards that they are about. */
function writeReasons(root) {
  const told = window.menagerieReasons
  if (told?.of !== root.because) return
  for (const node of root.querySelectorAll(".because")) {
    const reason = told.lines[node.dataset.of]
    node.textContent = reason?.text ?? ""
    node.title = reason?.why ?? ""
  }
}

function cardNode(card, list, at, data, say) {
  const marks = [
    card.chosen ? el("span", { class: "tag chosen", title: "Hidden from every model; this person really chose it" }, "really chosen") : null,
    card.move ? el("span", { class: `tag move ${card.move.kind}`, title: card.move.why }, el("span", { "aria-hidden": "true" }, card.move.text), el("span", { class: "hidden-text" }, card.move.why)) : null,
    card.common ? el("span", { class: "tag common", title: "In every list shown" }, "in all") : null,
    card.verdict === "like" && !data.judge ? el("span", { class: "tag" }, "in the history") : null,
  ]
  const name = card.event // where a title leads somewhere
    ? el("button", { type: "button", class: "title leads", "data-key": `title-${card.id}`, onclick: () => say(card.event) }, card.title)
    : el("strong", { class: "title" }, card.title)
  const [picture, title] = [poster(card), name]
  return el("li", { class: `card${card.chosen ? " is-chosen" : ""}${card.common ? " is-common" : ""}`, "data-id": card.id },
    picture, aboutNode(card, picture, title),
    el("div", { class: "label" },
      card.rank ? el("span", { class: "rank numbers" }, el("span", { class: "hidden-text" }, "Rank "), String(card.rank)) : null,
      el("div", { class: "words" },
        title,
        card.aside ? el("span", { class: "aside muted" }, card.aside) : null,
        el("span", { class: "facts muted numbers" }, card.year ?? "", card.score ? term(card.score, list.score, "score") : null),
        el("span", { class: "tags" }, ...marks, also(card, list))),
      data.judge ? verdictButtons(card, say) : null,
      whyNode(card, list, at, data, say)))
}

function problemNode(list, say) {
  return el("div", { class: "problem", role: "note" }, el("p", {}, list.problem.text),
    el("div", { class: "ways" }, ...list.problem.ways.map((way) => el("button", { type: "button", class: "plain", onclick: () => say(way.event) }, way.label))))
}

/** One setting of a column: its own, or that of the page. */
function settingNode(setting, list, at, say) {
  const options = setting.choices.map(([value, text]) => el("option", { value, selected: value === list.own[setting.name] }, text))
  const change = (event) => say({ kind: "column", do: "set", at, name: setting.name, value: event.currentTarget.value })
  return el("label", { class: "setting" }, el("span", { class: "muted" }, setting.label), el("select", { "data-key": `${setting.name}-${at}`, onchange: change }, ...options))
}

/** Tells of a column that moves, doubles or goes; its open settings and the focus go with it. Once until it is done. */
function rearrange(root, n, event, say) {
  if (root.rearranging) return
  root.rearranging = true
  const order = [...Array(n).keys()]
  const [column] = event.do === "duplicate" ? [event.at] : order.splice(event.at, 1)
  if (event.do === "move") order.splice(event.to, 0, column)
  if (event.do === "duplicate") order.splice(event.at + 1, 0, -1)
  root.opened = new Set([...order.keys()].filter((now) => root.opened.has(order[now])))
  const active = root.getRootNode().activeElement
  if (event.do === "move" && active?.dataset.key) active.dataset.key = active.dataset.key.replace(/\d+$/, event.to)
  say({ kind: "column", ...event })
}

function closeTools(root) {
  for (const box of root.querySelectorAll(".tools-box")) box.close()
}

/** Open settings go away with Escape, which gives the focus back to their button, and with a click elsewhere. */
function leaveTools(root) {
  if (root.dataset.leaves) return
  root.dataset.leaves = "yes"
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.opened.size) return
    event.target.closest(".list-head")?.querySelector(".more")?.focus({ preventScroll: true })
    closeTools(root)
  })
  document.addEventListener("pointerdown", (event) => {
    if (!event.composedPath().some((node) => node.matches?.(".tools-box, .more"))) closeTools(root)
  })
}

/** Behind ⋯: move, double or remove a column, and settings of its own. What was open stays open. */
function toolsNodes(list, at, data, root, say) {
  const n = data.lists.length
  const tool = (act, name, label, disabled, event) => el("button", { type: "button", class: "round", "data-key": `${act}-${at}`, title: label, "aria-label": `${label}: ${list.title}`, disabled, onclick: () => rearrange(root, n, { at, ...event }, say) }, icon(name))
  const opened = root.opened.has(at)
  const box = el("div", { class: "tools-box", hidden: !opened, role: "group", "aria-label": `Settings of ${list.title}` },
    el("div", { class: "tools-row" },
      tool("left", "left", "Move left", at === 0, { do: "move", to: at - 1 }), tool("right", "right", "Move right", at === n - 1, { do: "move", to: at + 1 }),
      tool("copy", "copy", "Double this column", n >= data.build.most, { do: "duplicate" })),
    ...data.build.settings.map((setting) => settingNode(setting, list, at, say)),
    el("button", { type: "button", class: "plain", "data-key": `remove-${at}`, "aria-label": `Remove this column: ${list.title}`, disabled: n === 1, onclick: () => rearrange(root, n, { at, do: "remove" }, say) }, "Remove this column"))
  const open = (on) => {
    box.hidden = !on
    more.setAttribute("aria-expanded", String(on))
    root.opened[on ? "add" : "delete"](at)
  }
  box.close = () => open(false)
  const toggle = () => {
    const on = box.hidden
    closeTools(root)
    open(on)
  }
  const more = el("button", { type: "button", class: "round more", "data-key": `tools-${at}`, title: "Settings of this column", "aria-label": `Settings of this column: ${list.title}`, "aria-expanded": String(opened), onclick: toggle }, icon("more"))
  return [more, box]
}

/** A column can be taken by its headline and put where another one stands. */
function draggable(section, head, at, n, root, say) {
  head.querySelector("h2").draggable = true
  head.ondragstart = (event) => {
    root.dragged = at
    event.dataTransfer.setData("text/plain", String(at))
    event.dataTransfer.effectAllowed = "move"
  }
  const over = (on) => section.classList.toggle("drop", on && root.dragged !== undefined && root.dragged !== at)
  section.ondragover = (event) => root.dragged === undefined || (event.preventDefault(), over(true))
  section.ondragleave = () => over(false)
  section.ondrop = (event) => {
    event.preventDefault()
    over(false)
    if (root.dragged !== undefined && root.dragged !== at) rearrange(root, n, { do: "move", at: root.dragged, to: at }, say)
  }
  head.ondragend = () => delete root.dragged
}

function sampleNode(sample, say) {
  return el("button", { type: "button", class: "sample", title: sample.items, onclick: () => say(sample.event) },
    el("span", { class: "fan", "aria-hidden": "true" }, ...sample.cards.map(poster)), el("span", {}, sample.title))
}

function listNode(list, at, data, root, say) {
  const section = el("section", { class: "list" })
  const head = headNode(list, at, data, root, say)
  section.append(...[head, bodyNode(list, at, data, say)].filter(Boolean))
  if (data.build && data.lists.length > 1) draggable(section, head, at, data.lists.length, root, say)
  return section
}

function headNode(list, at, data, root, say) {
  if (!list.title) return null
  const [more, box] = data.build ? toolsNodes(list, at, data, root, say) : [null, null]
  return el("header", { class: "list-head" },
    el("h2", {}, list.colour ? mark(list) : null, el("span", {}, ...breakable(list.title))), more,
    el("p", { class: "muted" }, ...list.facts.flatMap((fact, i) => [i ? " · " : null, term(fact.text, fact.why)])),
    box, list.note ? el("p", { class: "note" }, list.note) : null)
}

function bodyNode(list, at, data, say) {
  if (list.problem) return problemNode(list, say)
  if (!list.cards.length) return el("p", { class: "problem" }, list.empty)
  return el("ol", { class: "cards", role: "list" }, ...list.cards.map((card) => cardNode(card, list, at, data, say)))
}

/** Hover or focus one card, and the same item lights up in every list. The box is made once, so are its listeners. */
function linkTwins(root) {
  if (root.dataset.linked) return
  root.dataset.linked = "yes"
  const light = (id) => {
    for (const card of root.querySelectorAll(".card")) card.classList.toggle("twin", card.dataset.id === id)
  }
  const over = (event) => {
    if (event.pointerType === "touch") return // a finger that leaves the glass would put the light out: it taps
    const leaves = event.type === "pointerleave" || event.type === "focusout"
    light(leaves ? null : event.target.closest(".card")?.dataset.id)
  }
  for (const type of ["pointerover", "pointerleave", "focusin", "focusout"]) root.addEventListener(type, over)
  root.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("button")) return
    const card = event.target.closest(".card")
    light(card && !card.classList.contains("twin") ? card.dataset.id : null)
  })
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "lists")
  root.classList.toggle("columns", data.layout === "columns")
  root.style.setProperty("--n", String(data.lists.length))
  const say = teller(data.of)
  root.opened ??= new Set()
  root.rearranging = false
  root.boxes ??= [el("span", { class: "hidden-text", role: "status" }), el("div", { class: "samples" }), el("div", { class: "all" })]
  const [status, samples, all] = root.boxes
  const wasInvited = root.invited
  root.invited = data.lists.some((list) => list.invites)
  if (!all.isConnected) root.append(...root.boxes)
  const ready = data.samples ?? []
  const choseSample = samples.contains(root.getRootNode().activeElement)
  refill(samples, ...(ready.length ? [el("h2", {}, data.ready ?? "Try a taste that is ready"), el("div", { class: "samples-row" }, ...ready.map((sample) => sampleNode(sample, say)))] : []))
  refill(all, ...data.lists.map((list, at) => listNode(list, at, data, root, say)))
  status.textContent = data.lists.map((list) => `${list.title}: ${list.cards.length} items`).join("; ")
  if (choseSample && !ready.length) all.querySelector("button")?.focus({ preventScroll: true }) // not back to the start
  root.because = data.because
  if (!root.listens) window.addEventListener("menagerie-reasons", (root.listens = () => writeReasons(root)))
  writeReasons(root)
  linkTwins(root)
  leaveTools(root)
  if (wasInvited && !root.invited && root.getBoundingClientRect().top < 0) root.scrollIntoView({ block: "start" }) // to rank 1
}
