// The thread that draws, so that the page stays free for hands while it does. It answers each message by its number.

import { Model } from "./drawing.js";

let model = null;

addEventListener("message", async ({ data: { number, open, z, labels } }) => {
  try {
    if (open) {
      model = await Model.open(globalThis.ort ?? (await import(open.script)), open);
      postMessage({ number });
    } else {
      const images = await model.draw(z, labels);
      postMessage({ number, images }, images.map(({ buffer }) => buffer));
    }
  } catch (error) {
    postMessage({ number, trouble: String(error?.message ?? error) });
  }
});
