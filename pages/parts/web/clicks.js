// Brings the server what visitors do in any component. Messages can be lost on the way when the next one overtakes them:
// each repeats what was not acknowledged, and one that stays unanswered is sent again, ever more rarely.

const AGAIN = 2000 // milliseconds before the first repetition
const MOST = 5 // repetitions: a server that does not take a message after a minute never will

function draw({ data, parentElement, setTriggerValue }) {
  hide(parentElement)
  const box = mailbox()
  box.pending = box.pending.filter((event) => event.serial > data.heard)
  box.send = (repeated = 0) => {
    clearTimeout(box.timer)
    if (!box.pending.length) return
    setTriggerValue("events", box.pending)
    if (repeated < MOST) box.timer = setTimeout(() => box.send(repeated + 1), AGAIN * 2 ** repeated)
  }
  if (!box.pending.length) box.timer = clearTimeout(box.timer)
  else if (!box.timer) box.send() // done before this component was there
}
