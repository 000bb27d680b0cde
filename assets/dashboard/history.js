/** The selections before and after the one that is shown, for undo and redo. */

const MOST = 200;
const past = [];
let future = [];
let moving = false;

/** Remember a selection that is about to change. @param {any} steps */
export function remember(steps) {
  if (moving) return;
  past.push(steps);
  if (past.length > MOST) past.shift();
  future = [];
}

/** @param {any} current @param {(steps: any) => void} select @returns {void} */
export function undo(current, select) {
  move(past, future, current, select);
}

export function redo(current, select) {
  move(future, past, current, select);
}

export function canUndo() {
  return past.length > 0;
}

export function canRedo() {
  return future.length > 0;
}

function move(from, to, current, select) {
  if (!from.length) return;
  to.push(current);
  moving = true;
  try {
    select(from.pop());
  } finally {
    moving = false;
  }
}
