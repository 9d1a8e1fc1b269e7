/** The cell that does the same as the panel, with a button that copies it. */

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {  // without a secure page or a permission there is no clipboard; the older way works
    const area = document.createElement("textarea")
    area.value = text
    document.body.append(area)
    area.select()
    document.execCommand("copy")
    area.remove()
  }
}

function render({ model, el }) {
  const box = document.createElement("div")
  box.className = "bm-cell"
  const code = document.createElement("pre")
  code.tabIndex = 0
  code.setAttribute("aria-label", "The cell that does the same as this panel")
  const button = document.createElement("button")
  button.type = "button"
  button.className = "bm-copy"
  const message = document.createElement("span")
  message.setAttribute("role", "status")
  const draw = () => {
    code.textContent = model.get("text")
    button.textContent = "Copy the cell"
    message.textContent = ""
  }
  const removal = new AbortController()
  button.addEventListener("click", async () => {
    await copy(model.get("text"))
    message.textContent = "Copied."
  }, { signal: removal.signal })
  model.on("change:text", draw)
  draw()
  box.append(code, button, message)
  el.append(box)
  return () => {
    removal.abort()
    model.off("change:text", draw)
  }
}

export default { render }
