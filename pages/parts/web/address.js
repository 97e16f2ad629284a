// Writes the address of the browser: a new step for what the visitor did, the same step for what followed by itself.
// Each writing has a number and is done once: shown again after Back, it must not do away with what Back brought.

export default function ({ data }) {
  if (window.menagerieWritten === data.number) return
  window.menagerieWritten = data.number
  const search = data.query ? `?${data.query}` : ""
  if (location.search === search) return
  const url = location.pathname + search
  if (data.push) history.pushState({}, "", url)
  else history.replaceState(history.state, "", url)
}
