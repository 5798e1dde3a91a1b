// The camera's panel on the counter page: picture, choice of cameras, light. The choice is kept for the next paper.

import { cameras } from "./camera.js";
import { set, setting } from "./store.js";

const $ = (id) => document.getElementById(id);
const TIP_MS = 8000;
const TROUBLE = {
  NotAllowedError: "ui.counter.camera_refused",
  NotFoundError: "ui.counter.camera_none",
  NotSupportedError: "ui.counter.camera_blind",
  OverconstrainedError: "ui.counter.camera_none",
  TypeError: "ui.counter.camera_insecure",
};

/** `onOpen` hears that somebody looks, `onText` what was found, `onTrouble` why nothing can be, `onNote` of less. */
export class Viewfinder {
  constructor(camera, { onOpen, onText, onTrouble, onNote }) {
    Object.assign(this, { camera, onOpen, onText, onTrouble, onNote });
    $("look").addEventListener("click", () => (this.isOpen ? this.close() : this.look()));
    $("stop").addEventListener("click", () => this.close());
    $("torch").addEventListener("click", () => this.light());
    $("which").addEventListener("change", () => {
      set("camera", $("which").value);
      this.look();
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      this.close();
      $("look").focus();
    });
  }

  get isOpen() {
    return !$("camera").hidden;
  }

  async look() {
    this.close();
    this.onOpen();
    $("camera").hidden = false;
    $("tip").hidden = true;
    $("look").setAttribute("aria-expanded", "true");
    try {
      const found = this.camera.look(setting("camera"), () => ($("tip").hidden = false), TIP_MS);
      this.showChoice();
      const text = await found;
      if (text === "") return;
      this.close();
      this.onText(text);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.close();
      this.onTrouble(TROUBLE[error.name] ?? "ui.counter.camera_fault");
    }
  }

  /** Offer the choice of cameras, and the light, once the browser tells of them. */
  async showChoice() {
    await new Promise((resolve) => $("video").addEventListener("playing", resolve, { once: true }));
    const found = await cameras();
    $("which").replaceChildren(...found.map((each, place) => new Option(each.label || `${place + 1}`, each.deviceId)));
    $("which").value = this.camera.stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
    for (const id of ["which", "which-label"]) $(id).hidden = found.length < 2;
    $("torch").hidden = !this.camera.canLight;
  }

  close() {
    this.camera.stop();
    $("camera").hidden = true;
    $("look").setAttribute("aria-expanded", "false");
    $("torch").setAttribute("aria-pressed", "false");
  }

  async light() {
    const isOn = $("torch").getAttribute("aria-pressed") !== "true";
    try {
      await this.camera.light(isOn);
      $("torch").setAttribute("aria-pressed", String(isOn));
    } catch {
      this.onNote("ui.counter.torch_fault");
    }
  }
}
