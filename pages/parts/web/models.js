// Which models answer: chips with the model's colour and the family's shape. One may be chosen, or several.

const FLAT = 6 // so many models need no order; more of them stand in one row per family

/** In the row of its family a model need not repeat the family's name: "Two-tower (text)" is "text" there. */
function short(model) {
  const [title, family] = [model.title, model.family]
  const repeats = title.toLowerCase().startsWith(`${family.toLowerCase()} (`) && title.endsWith(")")
  return repeats ? title.slice(family.length + 2, -1) : title
}

function chipNode(model, data, chosen, choose, text) {
  const on = chosen.includes(model.name)
  const full = !on && data.most > 1 && chosen.length >= data.most
  const why = model.problem ?? (full ? `Up to ${data.most} at once: take one out first.` : `${model.family}. ${model.summary}`)
  const press = () => {
    if (data.most === 1) return on || choose([model.name])
    choose(on ? chosen.filter((name) => name !== model.name) : [...chosen, model.name])
  }
  return el("button", { type: "button", class: "chip", "data-key": model.name, "aria-label": model.problem ? `${model.title}, unavailable` : model.title, "aria-pressed": String(on), disabled: full || Boolean(model.problem), title: why, onclick: press },
    mark(model), text, model.problem ? el("span", { class: "muted" }, " unavailable") : null)
}

/** On a phone a row scrolls sideways: it begins where a chosen chip is seen whole. */
function reveal(row) {
  const on = row.querySelector("[aria-pressed=true]")
  if (on) row.scrollLeft = on.offsetLeft - (row.clientWidth - on.offsetWidth) / 2
}

function draw(component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "models")
  const say = teller(data.of)
  draw(data.chosen)

  function draw(chosen) {
    const choose = (names) => {
      draw(names) // answer at once; the lists follow
      say({ kind: "models", which: data.which, chosen: names })
    }
    const flat = data.models.length <= FLAT
    const label = flat || data.most > 1 ? el("span", { class: "chips-label muted" }, data.label) : null // rows speak for themselves
    const chips = (models, text) => models.map((model) => chipNode(model, data, chosen, choose, text(model)))
    const families = [...new Set(data.models.map((model) => model.family))]
    const rows = families.map((family) => el("div", { class: "family" },
      el("span", { class: "family-name muted" }, family || "Unavailable"),
      el("div", { class: "chips" }, ...chips(data.models.filter((model) => model.family === family), short))))
    const before = [...root.querySelectorAll(".family .chips")].map((row) => row.scrollLeft)
    refill(root,
      el("div", { class: flat ? "chips" : "families", role: "group", "aria-label": data.label }, label, ...(flat ? chips(data.models, (model) => model.title) : rows)),
      ...data.models.filter((model) => data.most === 1 && chosen.includes(model.name)).map((model) => el("p", { class: "summary muted" }, model.summary)),
      ...data.models.filter((model) => model.problem).map((model) => el("p", { class: "problem muted" }, el("strong", {}, `${model.title} is unavailable. `), model.problem)))
    const scrolling = [...root.querySelectorAll(".family .chips")]
    if (before.length === scrolling.length) scrolling.forEach((row, at) => (row.scrollLeft = before[at]))
    else requestAnimationFrame(() => scrolling.forEach(reveal))
  }
}
