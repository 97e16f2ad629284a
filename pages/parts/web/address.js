// Writes the address of the browser: a new entry of its history for each thing that the visitor did, the same entry for
// what followed by itself. A step is entered once: told again after Back, it must not do away with what Back brought.

function draw({ data, parentElement }) {
  hide(parentElement)
  const last = window.menagerieEntered ?? 0
  for (const { number, query, push } of data.steps.filter((step) => step.number > last)) {
    window.menagerieEntered = number
    const search = query ? `?${query}` : ""
    if (location.search === search) continue
    const url = location.pathname + search
    if (push) history.pushState({}, "", url)
    else history.replaceState(history.state, "", url)
  }
}
