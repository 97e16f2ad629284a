// Search as you type. The server finds (accents, articles and typing errors are its business); the box shows and is driven
// by keyboard: arrows, Enter, Shift+Enter for the second action, Escape. ARIA: combobox with a listbox of options.

const PATIENCE = 70 // milliseconds without a keystroke before the server is asked

/**
 * @param settings {id, label, hint, empty, options, query, actions: [{kind, label, icon}], describe(option) -> nodes, ask(text), say(event)}
 * The input survives refills, so that the cursor stays where it is.
 */
function combobox(box, settings) {
  const state = (box.combo ??= { at: 0, open: false, timer: 0 })
  state.settings = settings
  if (!state.input) build(box, state)
  state.input.placeholder = settings.hint
  state.input.setAttribute("aria-label", settings.label)
  if (state.id !== settings.id) { // another thing is searched for now
    Object.assign(state, { id: settings.id, open: false, at: 0 })
    state.input.value = ""
  }
  fill(state)
}

function build(box, state) {
  state.list = el("ul", { class: "options", role: "listbox", id: "options", hidden: true })
  state.status = el("span", { class: "hidden-text", role: "status" })
  state.input = el("input", {
    type: "search", role: "combobox", autocomplete: "off", spellcheck: "false", enterkeyhint: "search", "aria-controls": "options", "aria-autocomplete": "list", "aria-expanded": "false",
    oninput: () => {
      state.at = 0
      state.open = true
      clearTimeout(state.timer)
      state.timer = setTimeout(() => state.settings.ask(state.input.value.trim()), PATIENCE)
      fill(state)
    },
    onfocus: () => { state.open = true; fill(state) },
    onblur: () => { state.open = false; fill(state) },
    onkeydown: (event) => steer(event, state),
  })
  box.append(el("div", { class: "search" }, icon("search"), state.input, state.list, state.status))
}

function steer(event, state) {
  const { options } = state.settings
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (event.key === "Escape") {
    state.open = false
  } else if (step && options.length) {
    state.open = true
    state.at = (state.at + step + options.length) % options.length
  } else if (event.key === "Enter" && fits(state) && options.length) {
    const { actions } = state.settings
    return choose(state, options[state.at], (event.shiftKey && actions[1]) || actions[0])
  } else {
    return
  }
  event.preventDefault()
  fill(state)
}

/** Whether the options answer what stands in the box now; an answer to an older text is not offered. */
const fits = (state) => state.settings.query === state.input.value.trim()

function choose(state, option, action) {
  clearTimeout(state.timer)
  state.input.value = ""
  Object.assign(state, { at: 0, open: false })
  state.settings.say({ kind: action.kind, id: option.id })
  fill(state)
}

function fill(state) {
  const { options, actions, empty } = state.settings
  const text = state.input.value.trim()
  const shown = state.open && (text !== "" || options.length > 0) && (fits(state) || !state.list.hidden)
  state.list.hidden = !shown
  state.input.setAttribute("aria-expanded", String(shown))
  if (!shown) return state.input.removeAttribute("aria-activedescendant")
  if (!fits(state)) return // the last answer stays until the new one is there: no flicker
  state.list.replaceChildren(...options.map((option, i) => optionNode(state, option, i, actions)))
  if (options.length && actions.length > 1) state.list.append(el("li", { class: "keys muted", role: "presentation" }, `Enter: ${actions[0].label.toLowerCase()} · Shift+Enter: ${actions[1].label.toLowerCase()} · Esc: close`))
  if (!options.length) state.list.append(el("li", { class: "none muted", role: "presentation" }, `${empty} “${text}”.`))
  state.input.setAttribute("aria-activedescendant", options.length ? `option-${state.at}` : "")
  state.status.textContent = `${options.length} found`
  state.list.children[state.at]?.scrollIntoView({ block: "nearest" })
}

function optionNode(state, option, i, actions) {
  const press = (action) => (event) => {
    event.preventDefault() // keep the focus in the box
    event.stopPropagation()
    choose(state, option, action)
  }
  return el("li", { class: `option${i === state.at ? " at" : ""}`, role: "option", id: `option-${i}`, "aria-selected": String(i === state.at), onpointerdown: (event) => event.preventDefault(), onclick: press(actions[0]) },
    ...state.settings.describe(option),
    // for the mouse and the finger alone: an option may hold no button, and the keyboard has Enter and Shift+Enter
    actions.length < 2 ? null : el("span", { class: "verdicts", "aria-hidden": "true" }, ...actions.map((action) =>
      el("span", { class: `round${option.verdict === action.kind ? " pressed" : ""}`, title: action.label, onclick: press(action) }, icon(action.icon)))))
}
