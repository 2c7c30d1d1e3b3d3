// The canvas menu of frontends before 1.29, which know no extension hook for it.
import { app } from "./comfy.mjs";

/** Append items to the canvas menu: `items()` is asked each time the menu opens. */
export function patchMenu(items) {
  const canvas = app.canvas.constructor.prototype;
  const before = canvas.getCanvasMenuOptions;
  canvas.getCanvasMenuOptions = function (...args) {
    return [...before.apply(this, args), ...items()];
  };
}
