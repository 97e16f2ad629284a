// Why each item stands in its list: found out after the lists, which write these lines on their cards (lists.js).

function draw({ data, parentElement }) {
  hide(parentElement)
  window.menagerieReasons = data
  window.dispatchEvent(new Event("menagerie-reasons"))
}
