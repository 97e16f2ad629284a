// What every component of the app shares. Titles come from strangers' files: they enter the page as text nodes only.

/** Every component draws itself by its `draw`. Its data comes in a list of one: see pages/parts/component.py. */
export default function (component) {
  return draw({ ...component, data: component.data[0] })
}

const SVG = "http://www.w3.org/2000/svg"

/** An element with attributes (`onclick` etc. are handlers) and children; strings become text nodes, null is left out. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith("on")) node[name] = value
    else node.setAttribute(name, value === true ? "" : String(value))
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined))
  return node
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value))
  node.append(...children)
  return node
}

const ICONS = {
  like: "M7 21H4V10h3zM9 21h8.2a2 2 0 0 0 1.9-1.4l2-6.6A2 2 0 0 0 19.2 10.4H14.5l.9-5A1.8 1.8 0 0 0 12 4.2L9 10z",
  remove: "M6 6l12 12M18 6L6 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  copy: "M8 8h12v12H8zM16 8V4H4v12h4",
  pin: "M9 3h6l-1 6 4 4H6l4-4zM12 13v8",
  dice: "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
}

/** A line icon. "dislike" is the thumb of "like", turned. */
function icon(name) {
  const path = svg("path", { d: ICONS[name === "dislike" ? "like" : name] })
  if (name === "dislike") path.setAttribute("transform", "rotate(180 12 12)")
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, path)
}

/** The model's mark: its family has a shape, the model a colour, so that neither print nor colour blindness hides it. */
function mark(model) {
  const shapes = {
    square: svg("rect", { x: 1.5, y: 1.5, width: 9, height: 9 }),
    circle: svg("circle", { cx: 6, cy: 6, r: 5 }),
    triangle: svg("path", { d: "M6 .8L11.5 10.8H.5z" }),
    diamond: svg("path", { d: "M6 .3L11.7 6 6 11.7 .3 6z" }),
    star: svg("path", { d: "M6 .2l1.7 3.8 4.1.4-3.1 2.7.9 4.1L6 9.1l-3.6 2.1.9-4.1L.2 4.4l4.1-.4z" }),
    cross: svg("path", { d: "M4.2.5h3.6v3.7h3.7v3.6H7.8v3.7H4.2V7.8H.5V4.2h3.7z" }),
  }
  const node = svg("svg", { viewBox: "0 0 12 12", class: "mark", "aria-hidden": "true" }, shapes[model.mark] ?? shapes.circle)
  node.style.setProperty("--light", model.colour[0])
  node.style.setProperty("--dark", model.colour[1])
  return node
}

/** A name that breaks between its words where it is too long for a line: Asymmetric|SVD. */
function breakable(name) {
  return name.split(/(?<=[a-z])(?=[A-Z])/).flatMap((part, at) => (at ? [el("wbr"), part] : [part]))
}

/** A number or word with its definition, shown on hover, focus and tap. */
function term(text, meaning, className = "") {
  if (!meaning) return el("span", { class: className }, text)
  const tip = el("span", { class: "tip", role: "tooltip", id: `tip-${++tips}` }, meaning)
  const show = (event) => place(tip, event.currentTarget)
  return el("span", { class: `term ${className}`, tabindex: 0, "aria-describedby": tip.id, onpointerenter: show, onfocus: show }, text, tip)
}

let tips = 0 // so far, in this component: a description is found by its id

/** Under its term, or above where there is no room; never beyond the edge of the screen. */
function place(tip, at) {
  requestAnimationFrame(() => {
    const [term, box] = [at.getBoundingClientRect(), tip.getBoundingClientRect()]
    tip.style.left = `${Math.max(8, Math.min(term.left, document.documentElement.clientWidth - box.width - 8))}px`
    tip.style.top = `${term.bottom + box.height + 12 < innerHeight ? term.bottom + 6 : term.top - box.height - 6}px`
  })
}

/** Whether the page is dark: the theme's own background decides, not the operating system. */
function isDark(root) {
  const probe = getComputedStyle(root.host ?? root).getPropertyValue("--st-background-color").trim()
  const hex = probe.match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i)
  const rgb = hex ? hex.slice(1, 4).map((pair) => parseInt(pair, 16)) : (probe.match(/\d+/g) ?? [255, 255, 255]).slice(0, 3).map(Number)
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] < 128
}

/** The component's own box, made once; every later run replaces its content and gives the focus back. */
function stage(parentElement, className) {
  let root = parentElement.querySelector(".stage")
  if (!root) {
    root = el("div", { class: `stage ${className}` })
    pressedThrough(root)
    parentElement.append(root)
  }
  root.classList.toggle("dark", isDark(parentElement))
  return root
}

/** A button that a run replaces between press and release gets no click from the browser: the one in its place does. */
function pressedThrough(root) {
  const buttonOf = (event) => event.target.closest("[data-key]")
  let pressed = null
  root.onpointerdown = (event) => (pressed = buttonOf(event))
  root.onpointerup = (event) => {
    const now = buttonOf(event)
    if (pressed && !pressed.isConnected && now?.dataset.key === pressed.dataset.key) now.click()
    pressed = null
  }
}

/** Takes a component that shows nothing out of the flow of the page, where it would leave a gap. */
function hide(parentElement) {
  const box = (parentElement.getRootNode().host ?? parentElement).closest("[data-testid=stElementContainer]")
  if (box) box.style.position = "absolute"
}

/** What was done and not yet acknowledged, on its way to the server (clicks.js). One for all components of the page. */
function mailbox() {
  return (window.menagerieClicks ??= { pending: [], serial: 0, send: null })
}

/** A way to tell the server what was done to things of one data set. */
function teller(of) {
  const box = mailbox()
  return (event) => {
    box.serial = Math.max(Date.now(), box.serial + 1)
    box.pending.push({ ...event, of, serial: box.serial })
    box.send?.()
  }
}

/** Replace what a box holds, but leave the keyboard where it was: on the same button, or on the one that took its place. */
function refill(box, ...children) {
  const buttons = () => [...box.querySelectorAll("[data-key]")]
  const active = box.getRootNode().activeElement
  const place = buttons().indexOf(active)
  box.replaceChildren(...children)
  if (place < 0) return
  const now = buttons()
  const same = now.find((button) => button.dataset.key === active.dataset.key)
  ;(same ?? now[Math.min(place, now.length - 1)])?.focus({ preventScroll: true })
}

/** Text to the clipboard. Pages without TLS have none: then the text is shown, ready to be copied by hand. */
async function copyText(text, box) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = el("input", { class: "by-hand", readonly: true, value: text, "aria-label": "Copy this text" })
    box.append(field)
    field.select()
    return false
  }
}
