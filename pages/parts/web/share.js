// "Copy link": the address holds the view already; only a taste that came from a file is asked about before it goes in.
// The link goes where it is pasted: nobody is told of it but the visitor.

/** The link to this view, with a taste that the address does not hold; the word of a training is nobody else's. */
function linkTo(taste) {
  const parts = location.search.slice(1).split("&").filter((part) => part && !part.startsWith("job=") && !(taste && part.startsWith("taste=")))
  const query = [...parts, ...(taste ? [taste] : [])].join("&")
  return location.origin + location.pathname + (query ? `?${query}` : "")
}

/** What the server told of the taste, unless the visitor has gone to another data set meanwhile. */
function known({ data, link }) {
  const now = new URLSearchParams(location.search).get("data")
  return now === null || now === data ? link : { taste: null, ask: null, cut: null }
}

function build(root) {
  const said = el("div", { class: "said", role: "status" })
  const close = () => said.replaceChildren()
  const copy = async (taste, cut) => {
    close()
    const done = await copyText(linkTo(taste), said)
    said.prepend(el("p", {}, [done ? "Copied: whoever opens the link sees this view." : "Copy the link from here:", cut].filter(Boolean).join(" ")))
    if (taste) root.say({ kind: "share" })
  }
  const ask = ({ ask, taste, cut }) => said.replaceChildren(el("p", {}, ask), el("div", { class: "ways" },
    el("button", { type: "button", class: "plain", onclick: () => copy(taste, cut) }, "Copy it all the same"), el("button", { type: "button", class: "plain", onclick: close }, "Leave it")))
  const press = () => {
    const link = known(root.told)
    return link.ask ? ask(link) : copy(null, link.cut)
  }
  root.append(el("button", { type: "button", class: "copy-link", title: "Copy a link to this view: taste, models and settings", onclick: press }, icon("link"), el("span", {}, "Copy link")), said)
  root.addEventListener("keydown", (event) => event.key === "Escape" && close())
  document.addEventListener("pointerdown", (event) => event.composedPath().includes(root) || close())
  return close
}

/** Beside the headline that follows: takes no room of its own, nor the gap after it. */
function beside(parentElement) {
  const box = (parentElement.getRootNode().host ?? parentElement).closest("[data-testid=stElementContainer]")
  if (!box) return
  const gap = getComputedStyle(box.parentElement).rowGap
  Object.assign(box.style, { alignSelf: "flex-end", width: "auto", height: "0", marginBottom: `-${gap}`, zIndex: "20" })
}

function draw({ data, parentElement }) {
  beside(parentElement)
  const root = stage(parentElement, "share")
  root.say = teller(data.of)
  root.close ??= build(root)
  const about = JSON.stringify([data.of, data.link])
  if (root.about !== about && data.link.ask) root.close() // what was asked of another taste goes
  root.about = about
  root.told = data
}
