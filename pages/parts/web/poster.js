// A poster: the picture that the server draws (zoo/posters.py), and on it the words as text.

/** How large a title may stand, so that its longest word and all of its lines fit. */
function titleSize(title) {
  const longest = Math.max(...title.split(/[\s-]+/).map((word) => word.length))
  const byLength = title.length > 60 ? 10 : title.length > 34 ? 12 : title.length > 18 ? 14.5 : 17
  return Math.max(7, Math.min(142 / Math.max(longest, 5), byLength)) // per cent of the poster's width
}

/** The poster of an item {title, genre, decade, art, ground}. `art` is our own SVG: shapes and colours, read as XML. */
function poster(item) {
  const box = el("div", { class: "poster", "aria-hidden": "true" })
  box.style.cssText = `--ground:${item.ground};--size:${titleSize(item.title).toFixed(1)}`
  box.append(document.importNode(new DOMParser().parseFromString(item.art, "image/svg+xml").documentElement, true))
  box.append(el("span", { class: "poster-top" }, el("span", {}, item.genre ?? ""), el("span", {}, item.decade ?? "")))
  box.append(el("span", { class: "poster-title" }, item.title))
  return box
}

/** An item in a list of suggestions. */
function describeItem(item) {
  return [poster(item), el("span", { class: "words" }, el("strong", {}, item.title), el("span", { class: "muted numbers" }, [item.aside, item.year, item.about.by ?? item.genre].filter(Boolean).join(" · ")))]
}
