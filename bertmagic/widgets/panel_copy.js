/** The cell that the panel stands for, with a button that copies it. Plain module, nothing fetched. */

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {  // no clipboard without a secure page or a permission: the older way
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
  code.setAttribute("aria-label", "The cell that this panel stands for")
  const button = document.createElement("button")
  button.type = "button"
  button.className = "bm-copy"
  const said = document.createElement("span")
  said.setAttribute("role", "status")
  const draw = () => {
    code.textContent = model.get("text")
    button.textContent = "Copy the cell"
    said.textContent = ""
  }
  const ends = new AbortController()
  button.addEventListener("click", async () => {
    await copy(model.get("text"))
    said.textContent = "Copied."
  }, { signal: ends.signal })
  model.on("change:text", draw)
  draw()
  box.append(code, button, said)
  el.append(box)
  return () => {
    ends.abort()
    model.off("change:text", draw)
  }
}

export default { render }
