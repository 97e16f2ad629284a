// Whose taste the page is about: one's own (search, like, dislike, take back) or that of somebody from the data.

const JUDGE = [{ kind: "like", label: "Like", icon: "like" }, { kind: "dislike", label: "Dislike", icon: "dislike" }]
const LOOK = [{ kind: "look", label: "Look at", icon: "search" }]

function describePerson(person) {
  return [el("span", { class: "words" }, el("strong", {}, person.title), el("span", { class: "muted numbers" }, person.note))]
}

function chip(item, kind, say) {
  const label = kind === "like" ? "liked" : kind === "dislike" ? "disliked" : "chosen"
  return el("li", { class: `chip ${kind}`, title: `${item.title}${item.year ? ` (${item.year})` : ""}: ${label}` },
    poster(item), el("span", { class: "chip-title" }, item.title),
    say ? el("button", { type: "button", class: "round", "data-key": `forget-${item.id}`, "aria-label": `Take back ${item.title} (${label})`, title: "Take back", onclick: () => say({ kind: "forget", id: item.id }) }, icon("remove")) : null)
}

function row(name, count, items, kind, say) {
  if (!count) return null
  const rest = count - items.length
  return el("div", { class: "row" },
    el("h2", {}, kind === "chosen" ? null : icon(kind), `${name} `, el("span", { class: "muted numbers" }, count.toLocaleString("en"))),
    el("ul", { class: "chips", role: "list", "aria-label": name, tabindex: items.length > 8 ? 0 : null }, ...items.map((item) => chip(item, kind, say)), rest > 0 ? el("li", { class: "muted rest" }, `and ${rest.toLocaleString("en")} more`) : null))
}

function mine(data, say) {
  if (!data.n_likes && !data.n_dislikes) return [el("p", { class: "muted empty" }, data.invite)]
  return [row("Liked", data.n_likes, data.likes, "like", say), row("Disliked", data.n_dislikes, data.dislikes, "dislike", say),
    el("button", { type: "button", class: "quiet", onclick: () => say({ kind: "clear" }) }, "Start over")]
}

function somebody(data, say) {
  const dice = el("button", { type: "button", class: "plain", onclick: () => say({ kind: "surprise" }) }, "Surprise me")
  if (!data.person) return [el("div", { class: "ways" }, dice, el("span", { class: "muted" }, data.invite_people))]
  return [
    el("div", { class: "ways" },
      el("p", { class: "person" }, el("strong", {}, data.person.title), el("span", { class: "muted numbers" }, ` · ${data.person.note}`)),
      dice, el("button", { type: "button", class: "plain", title: "Copy these choices into a taste of your own, to change it", onclick: () => say({ kind: "adopt" }) }, "Go on from this taste")),
    row("Chosen", data.n_likes, data.likes, "chosen", null)]
}

function draw(component) {
  const { data, parentElement, setStateValue } = component
  const root = stage(parentElement, "taste")
  const say = teller(data.of)
  root.boxes ??= [el("div", { class: "who", role: "group", "aria-label": "Whose taste" }), el("div", { class: "finder" }), el("div", { class: "held" })]
  const [who, finder, held] = root.boxes
  if (!who.isConnected) root.append(...root.boxes)
  const side = (kind, text) => el("button", { type: "button", "data-key": kind, "aria-pressed": String(data.who === kind), onclick: () => data.who === kind || say({ kind }) }, text)
  refill(who, side("mine", "My taste"), side("somebody", "Somebody from the data"))
  const people = data.who === "somebody"
  combobox(finder, {
    id: data.who, query: data.query, options: data.options, actions: people ? LOOK : JUDGE, describe: people ? describePerson : describeItem,
    label: people ? "Find somebody by id" : "Find an item by title", hint: people ? data.hint_people : data.hint, empty: people ? "Nobody has an id with" : "Nothing here is called",
    ask: (text) => setStateValue("query", { who: data.who, text }), say,
  })
  refill(held, ...(people ? somebody(data, say) : mine(data, say)).filter(Boolean))
}
