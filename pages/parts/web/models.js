// Which models answer: chips with the model's colour and the family's shape. One may be chosen, or several.

function chipNode(model, data, chosen, choose) {
  const on = chosen.includes(model.name)
  const full = !on && data.most > 1 && chosen.length >= data.most
  const why = model.problem ?? (full ? `Up to ${data.most} at once: take one out first.` : `${model.family}. ${model.summary}`)
  const press = () => {
    if (data.most === 1) return on || choose([model.name])
    choose(on ? chosen.filter((name) => name !== model.name) : [...chosen, model.name])
  }
  return el("button", { type: "button", class: "chip", "data-key": model.name, "aria-pressed": String(on), disabled: full || Boolean(model.problem), title: why, onclick: press },
    mark(model), model.title, model.problem ? el("span", { class: "muted" }, " unavailable") : null)
}

export default function (component) {
  const { data, parentElement } = component
  const root = stage(parentElement, "models")
  const say = teller(data.of)
  draw(data.chosen)

  function draw(chosen) {
    const choose = (names) => {
      draw(names) // answer at once; the lists follow
      say({ kind: "models", which: data.which, chosen: names })
    }
    refill(root,
      el("div", { class: "chips", role: "group", "aria-label": data.label }, el("span", { class: "chips-label muted" }, data.label), ...data.models.map((model) => chipNode(model, data, chosen, choose))),
      ...data.models.filter((model) => data.most === 1 && chosen.includes(model.name)).map((model) => el("p", { class: "summary muted" }, model.summary)),
      ...data.models.filter((model) => model.problem).map((model) => el("p", { class: "problem muted" }, el("strong", {}, `${model.title} is unavailable. `), model.problem)))
  }
}
