// Where what is played is seen: its canvas, the full screen, and the screen kept on.

import { find, paint } from "./view.js";

export class Stage {
  /**
   * `settings()`: of what is played: columns, rows, isMirrored, isSmooth. `opened()`: it fills the window, or no longer.
   * `leave()`: whoever looks wants back to the page.
   */
  constructor(description, { settings, opened, leave }) {
    Object.assign(this, { description, settings, opened, leave });
    this.canvas = find("performed");
    this.isOpen = false;
    this.#listen();
  }

  /** Pictures side by side, or one and its mirror images, on a canvas. */
  lay(images, canvas = this.canvas, { columns, rows, isMirrored } = this.settings()) {
    const { width, height } = this.description;
    const [wide, high] = [columns * width, rows * height];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = canvas.getContext("2d");
    if (!isMirrored) {
      images.slice(0, columns * rows).forEach((image, at) => {
        context.putImageData(image, (at % columns) * width, Math.floor(at / columns) * height);
      });
      return;
    }
    this.tile = paint(this.tile ?? document.createElement("canvas"), images[0]);
    context.clearRect(0, 0, wide, high);
    for (let at = 0; at < columns * rows; at += 1) {
      const [column, row] = [at % columns, Math.floor(at / columns)];
      const [across, down] = [column % 2, row % 2];
      context.setTransform(across ? -1 : 1, 0, 0, down ? -1 : 1, (column + across) * width, (row + down) * height);
      context.drawImage(this.tile, 0, 0);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** A canvas that holds another one as large as it fits, in its middle, smoothly or with clean edges. */
  enlarged(from, to, { width, height }, isOpaque) {
    const scale = Math.min(width / from.width, height / from.height);
    const [wide, high] = [Math.round(from.width * scale), Math.round(from.height * scale)];
    if (to.width !== width || to.height !== height) Object.assign(to, { width, height });
    const context = to.getContext("2d", { alpha: !isOpaque });
    context.imageSmoothingEnabled = this.settings().isSmooth;
    context.imageSmoothingQuality = "high";
    context.clearRect(0, 0, width, height);
    context.drawImage(from, Math.floor((width - wide) / 2), Math.floor((height - high) / 2), wide, high);
    return to;
  }

  /** Only the picture. `isAsked`: by a press, which browsers want before they fill the screen. What did not work. */
  async open({ isAsked }) {
    this.isOpen = true;
    document.documentElement.classList.add("performing");
    document.querySelector("main").inert = true;
    const view = find("performance");
    view.hidden = false;
    view.focus();
    this.fit();
    this.opened();
    const notes = await Promise.all([isAsked ? this.#fill() : "", this.#awake()]);
    return notes.filter(Boolean).join(" ");
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    document.documentElement.classList.remove("performing");
    document.querySelector("main").inert = false;
    find("performance").hidden = true;
    if (document.fullscreenElement) document.exitFullscreen().catch(console.warn);
    this.#asleep().catch(console.warn);
    find("perform-open").focus({ preventScroll: true });
    this.opened();
  }

  /** As large as it fits, or, mirrored, so that it covers all; with clean edges by whole numbers of the screen's pixels. */
  fit() {
    const { isSmooth, isMirrored } = this.settings();
    const { canvas } = this;
    for (const each of [canvas, find("preview")]) each.classList.toggle("clean", !isSmooth);
    if (!this.isOpen) return;
    const dots = globalThis.devicePixelRatio || 1;
    const scales = [(innerWidth * dots) / canvas.width, (innerHeight * dots) / canvas.height];
    let scale = isMirrored ? Math.max(...scales) : Math.min(...scales);
    if (!isSmooth && scale > 1) scale = isMirrored ? Math.ceil(scale) : Math.floor(scale);
    canvas.style.width = `${(canvas.width * scale) / dots}px`;
    canvas.style.height = `${(canvas.height * scale) / dots}px`;
  }

  async #fill() {
    const view = find("performance");
    if (!view.requestFullscreen) return "This browser fills no screen; the picture fills its window.";
    try {
      await view.requestFullscreen({ navigationUI: "hide" });
      if (!this.isOpen) await document.exitFullscreen(); // it was left before the screen was filled
      return "";
    } catch (error) {
      console.warn(error);
      return "The browser did not fill the screen; the picture fills its window.";
    }
  }

  async #awake() {
    if (!navigator.wakeLock) return "This browser lets no page keep the screen on.";
    try {
      this.lock = await navigator.wakeLock.request("screen");
      if (!this.isOpen) await this.#asleep();
      return "";
    } catch (error) {
      console.warn(error);
      return "The browser did not let the page keep the screen on.";
    }
  }

  async #asleep() {
    const { lock } = this;
    this.lock = null;
    await lock?.release();
  }

  #listen() {
    const view = find("performance");
    addEventListener("resize", () => this.fit());
    view.addEventListener("dblclick", () => {
      if (document.fullscreenElement || !view.requestFullscreen) this.leave();
      else this.#fill();
    });
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return; // wherever the focus went
      event.preventDefault();
      this.leave();
    });
    document.addEventListener("fullscreenchange", () => {
      this.fit();
      if (!document.fullscreenElement) this.leave();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.isOpen) this.#awake().catch(console.warn);
    });
  }
}
