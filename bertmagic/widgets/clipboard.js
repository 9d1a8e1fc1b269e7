/** Code to the clipboard, or into a new cell of the notebook. */

/** Copy a text; without a secure page or a permission there is no clipboard, and the older way works.
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    const { activeElement } = document;
    area.value = text;
    area.style.cssText = "position:fixed;top:0;opacity:0";
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    activeElement?.focus();
    return isCopied;
  }
}

const ADD = '[data-command="notebook:insert-cell-below"]';

/** The page's own button that adds a cell, and the cell around an element; null where the page has no such thing.
 * JupyterLab 4 and Notebook 7 run widgets in the page of the notebook. Others keep them in a frame of their own.
 */
function notebookOf(node) {
  const panel = node.closest(".jp-NotebookPanel");
  const add = panel?.querySelector(`.jp-NotebookPanel-toolbar ${ADD}, ${ADD}`);
  const cell = node.closest(".jp-Cell");
  return add && cell ? { add, cell } : null;
}

/** Whether `insertBelow` can work here. */
export const canInsert = (node) => notebookOf(node) !== null;

const frame = () => new Promise((done) => { requestAnimationFrame(() => done()); });

/** Wait for what `find` returns, for so many frames; null if it does not come. */
async function appeared(find, frames) {
  for (let at = 0; at < frames; at++) {
    const found = find();
    if (found) return found;
    await frame();
  }
  return null;
}

const press = (node) => node.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true, button: 0 }));

/** Add a cell with code below the cell of an element, by the page's own button, and paste the code there.
 * @returns {Promise<boolean>} whether the code is in the new cell
 */
export async function insertBelow(node, code) {
  const place = notebookOf(node);
  if (!place) return false;
  const cells = place.cell.parentElement;
  const before = new Set(cells.children);
  const editor = () => [...cells.children].find((one) => !before.has(one) && one.matches(".jp-CodeCell"))?.querySelector(".cm-content");
  press(place.cell); // makes it the active cell
  press(place.add); // JupyterLab's buttons act when the mouse goes down
  let fresh = await appeared(editor, 20);
  if (!fresh) {
    place.add.click();
    fresh = await appeared(editor, 60);
  }
  if (!fresh) return false;
  const data = new DataTransfer();
  data.setData("text/plain", code);
  fresh.focus();
  fresh.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  await frame();
  return fresh.textContent.length > 0;
}
