// The face of a model: its name and place, one plain sentence, figures with their intervals, and what it cost.

/** From 0 to the highest end among all models: the interval as a bar, the mean as a line in it. */
function whisker(at) {
  const [low, mean, high] = at.map((share) => 100 * Math.max(0, Math.min(1, share)))
  const span = el("span", { class: "span" })
  span.style.left = `${low}%`
  span.style.width = `${Math.max(0.5, high - low)}%`
  const middle = el("span", { class: "middle" })
  middle.style.left = `${mean}%`
  return el("span", { class: "scale", "aria-hidden": "true" }, span, middle)
}

function figure(metric) {
  return el("div", { class: "figure" }, term(metric.title, metric.why, "name"), whisker(metric.at),
    el("span", { class: "value numbers" }, el("strong", {}, metric.mean), " ", el("span", { class: "muted" }, metric.interval)),
    el("span", { class: "n muted numbers" }, metric.n))
}

function checksum(data) {
  const said = el("span", { class: "muted", role: "status" })
  const box = el("span", { class: "by" })
  const copy = async () => {
    said.textContent = (await copyText(data.checksum, box)) ? "copied" : ""
  }
  return el("div", { class: "fact" }, el("dt", { class: "muted" }, "Checksum"), el("dd", {}, term(data.checksum.slice(0, 12), data.checksum_why, "numbers"), " ",
    el("button", { type: "button", class: "round small", title: "Copy the whole checksum", "aria-label": `Copy the checksum of ${data.title}`, onclick: copy }, icon("copy")), said, box))
}

function body(data) {
  if (data.problem) return [el("p", { class: "problem" }, data.problem)]
  const [first, rest] = [data.metrics.slice(0, data.shown), data.metrics.slice(data.shown)]
  return [
    el("p", { class: "summary" }, data.summary, data.plain ? el("span", { class: "plainly numbers" }, ` ${data.plain}`) : null),
    data.reason ? el("p", { class: "problem" }, data.reason) : null,
    first.length ? el("div", { class: "figures" }, ...first.map(figure)) : null,
    rest.length ? el("details", { class: "more" }, el("summary", {}, "All figures"), el("div", { class: "figures" }, ...rest.map(figure))) : null,
    !data.checksum ? null : el("dl", { class: "cost" }, ...data.facts.map((fact) => el("div", { class: "fact" }, el("dt", { class: "muted" }, fact.label), el("dd", { class: "numbers" }, term(fact.text, fact.why)))), checksum(data)),
  ].filter(Boolean)
}

function draw({ data, parentElement }) {
  const root = stage(parentElement, "modelcard")
  root.style.setProperty("--light", data.colour[0])
  root.style.setProperty("--dark", data.colour[1])
  const place = data.place ? el("p", { class: "place numbers" }, term(data.place.text, data.place.why), el("span", { class: "muted" }, ` ${data.place.of}`)) : null
  refill(root,
    el("header", {}, data.mark ? mark(data) : null, el("h2", {}, data.title), el("span", { class: "muted family" }, data.family), place),
    ...body(data))
}
