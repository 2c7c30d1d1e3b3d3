// What one reads, points at or types in stays where it is on the screen while something above it grows.

/** Does `work`, then scrolls so that the finding one looks at has not moved. At the top of the page nothing is held. */
export function steady(scroller, work) {
  const held = heldBy(scroller), before = held?.getBoundingClientRect().top;
  work();
  if (!held?.isConnected) return;
  const moved = held.getBoundingClientRect().top - before;
  if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
}

function heldBy(scroller) {
  if (!scroller.isConnected) return null;
  const focused = document.activeElement?.closest?.(".cfs-finding"), pointed = scroller.querySelector(".cfs-finding:hover");
  const mine = [focused, pointed].find((one) => one && scroller.contains(one) && inView(one, scroller));
  return mine ?? (scroller.scrollTop > 0 ? first(scroller) : null);
}

function inView(one, scroller) {
  const box = one.getBoundingClientRect(), view = scroller.getBoundingClientRect();
  return box.bottom > view.top && box.top < view.bottom;
}

/** The finding at the upper edge of what is seen. */
function first(scroller) {
  const view = scroller.getBoundingClientRect();
  for (const down of [8, 60, 160, 320]) {
    const at = document.elementFromPoint(view.left + view.width / 2, view.top + down)?.closest?.(".cfs-finding");
    if (at && scroller.contains(at)) return at;
  }
  return null;
}
