// A poster drawn from data alone: hue and motifs follow the genre (five motifs each), tone the decade, the rest the title.

/** A small, well-mixed hash: the same text gives the same picture on every machine. */
function hash(text) {
  let h = 2166136261
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  h = Math.imul(h ^ (h >>> 15), 2246822507)
  return (h ^ (h >>> 13)) >>> 0
}

/** A stream of numbers in 0..1 from a seed. */
function dice(seed) {
  let state = seed || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

const TOPICS = 17 // genres with a hue of their own (pages/parts/items.py); times 7, so that frequent genres lie far apart
const between = (roll, low, high) => low + roll() * (high - low)

/** Each draws on 200 x 300 with the tints .a (nearer to the ground) and .b (lighter), and leaves the lower third calm. */
const MOTIFS = [
  function sun(roll) {
    const r = between(roll, 52, 86)
    const [x, y] = [between(roll, 50, 150), between(roll, 60, 120)]
    return [svg("circle", { cx: x, cy: y, r, class: "b" }), svg("rect", { x: 0, y: y + r * between(roll, 0.1, 0.5), width: 200, height: 200, class: "a" })]
  },
  function arcs(roll) {
    const [x, y] = [roll() < 0.5 ? 0 : 200, between(roll, 150, 200)]
    return [170, 132, 96, 62, 30].map((r, i) => svg("circle", { cx: x, cy: y, r, class: i % 2 ? "g" : i === 2 ? "b" : "a" }))
  },
  function bands(roll) {
    let y = between(roll, 20, 50)
    return [0, 1, 2, 3].map((i) => {
      const height = between(roll, 12, 42)
      const band = svg("rect", { x: 0, y, width: 200, height, class: i === 1 ? "b" : "a" })
      y += height + between(roll, 6, 18)
      return band
    })
  },
  function columns(roll) {
    let x = between(roll, 8, 26)
    return [0, 1, 2, 3, 4].map((i) => {
      const width = between(roll, 10, 34)
      const top = between(roll, 0, 90)
      const column = svg("rect", { x, y: top, width, height: 190 - top, class: i % 3 === 1 ? "b" : "a" })
      x += width + between(roll, 5, 12)
      return column
    })
  },
  function peaks(roll) {
    const [x, y, z] = [between(roll, 30, 90), between(roll, 30, 80), between(roll, 120, 170)]
    return [
      svg("circle", { cx: z, cy: y, r: between(roll, 16, 26), class: "b" }),
      svg("path", { d: `M${x - 120} 215L${x} ${y + 15}L${x + 120} 215z`, class: "a" }),
      svg("path", { d: `M${z - 90} 215L${z} ${y + 70}L${z + 90} 215z`, class: "c" }),
    ]
  },
  function dots(roll) {
    const step = 200 / (4 + Math.floor(roll() * 3))
    const lit = Math.floor(roll() * 12)
    const shapes = []
    for (let y = step / 2, i = 0; y < 190; y += step) for (let x = step / 2; x < 200; x += step, i++)
      shapes.push(svg("circle", { cx: x, cy: y, r: step * (i % 12 === lit ? 0.36 : 0.2), class: i % 12 === lit ? "b" : "a" }))
    return shapes
  },
  function tiles(roll) {
    const shapes = []
    for (let row = 0; row < 3; row++) for (let column = 0; column < 3; column++) {
      const [x, y] = [column * 66.7, row * 66.7]
      const corner = [[x, y], [x + 66.7, y], [x, y + 66.7], [x + 66.7, y + 66.7]][Math.floor(roll() * 4)]
      const clip = svg("svg", { x, y, width: 66.7, height: 66.7, viewBox: `${x} ${y} 66.7 66.7` }, svg("circle", { cx: corner[0], cy: corner[1], r: 66.7, class: roll() < 0.3 ? "b" : "a" }))
      if (roll() < 0.85) shapes.push(clip)
    }
    return shapes
  },
  function venn(roll) {
    const r = between(roll, 48, 62)
    const y = between(roll, 75, 110)
    const d = between(roll, 18, 34)
    return [svg("circle", { cx: 100 - d, cy: y, r, class: "a" }), svg("circle", { cx: 100 + d, cy: y + between(roll, -20, 20), r, class: "b veil" })]
  },
  function waves(roll) {
    const start = between(roll, 30, 60)
    return [0, 1, 2, 3].map((i) => {
      const y = start + i * between(roll, 30, 38)
      const h = between(roll, 12, 30)
      return svg("path", { d: `M0 ${y}C50 ${y - h} 70 ${y - h} 100 ${y}S150 ${y + h} 200 ${y}V${y + 16}C150 ${y + h + 16} 130 ${y + h + 16} 100 ${y + 16}S50 ${y - h + 16} 0 ${y + 16}z`, class: i === 1 ? "b" : "a" })
    })
  },
  function steps(roll) {
    const n = 4 + Math.floor(roll() * 3)
    const up = roll() < 0.5
    return Array.from({ length: n }, (_, i) => {
      const height = 30 + ((up ? i : n - 1 - i) * 150) / n
      return svg("rect", { x: (i * 200) / n, y: 195 - height, width: 200 / n - 3, height, class: i === (up ? n - 1 : 0) ? "b" : "a" })
    })
  },
]

/** How large a title may stand, so that its longest word and all of its lines fit. */
function titleSize(title) {
  const longest = Math.max(...title.split(/[\s-]+/).map((word) => word.length))
  const byLength = title.length > 60 ? 10 : title.length > 34 ? 12 : title.length > 18 ? 14.5 : 17
  return Math.max(7, Math.min(155 / Math.max(longest, 5), byLength)) // per cent of the poster's width
}

/** The poster of an item {title, year, decade, genre, topic}: topic is the genre's number, -1 without one. */
function poster(item) {
  const seed = hash(item.title + (item.year ?? ""))
  const roll = dice(seed)
  const topic = item.topic >= 0 ? item.topic : seed % 97
  const hue = item.topic >= 0 ? ((topic * 7 * 360) / TOPICS + 25) % 360 : seed % 360
  const age = item.decade ? Math.min(1, Math.max(0, (parseInt(item.decade, 10) - 1930) / 90)) : 0.6
  const chroma = item.topic >= 0 ? 0.04 + 0.055 * age : 0.028
  const box = el("div", { class: "poster", "aria-hidden": "true" })
  box.style.cssText = `--h:${(hue + (roll() - 0.5) * 16).toFixed(1)};--c:${chroma.toFixed(3)};--l:${topic % 2 ? 0.37 : 0.41};--size:${titleSize(item.title).toFixed(1)}`
  box.append(svg("svg", { viewBox: "0 0 200 300", preserveAspectRatio: "xMidYMin slice", class: "art" }, ...MOTIFS[(topic * 3 + (seed % 5)) % MOTIFS.length](roll)))
  box.append(el("span", { class: "poster-top" }, el("span", {}, item.genre ?? ""), el("span", {}, item.decade ?? "")))
  box.append(el("span", { class: "poster-title" }, item.title))
  return box
}
