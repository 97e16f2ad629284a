// Who follows a link and has to sign in first still gets to where it leads: the provider sends everybody back to the
// front page. Kept in this tab alone, and used once.

const CAME_FOR = "menagerie-came-for"

function draw({ data, parentElement }) {
  hide(parentElement)
  if (data.closed) return sessionStorage.setItem(CAME_FOR, location.href)
  const cameFor = sessionStorage.getItem(CAME_FOR)
  sessionStorage.removeItem(CAME_FOR)
  const arrived = performance.getEntriesByType("navigation")[0]?.name ?? location.href // before the page wrote its address
  if (cameFor && cameFor !== arrived && cameFor.startsWith(arrived)) location.replace(cameFor) // from the front page alone
}
