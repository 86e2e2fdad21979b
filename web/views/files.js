// Files from this computer: chosen, or dropped where they belong.
import { html } from "../lib/html.js";
import { icons } from "./icons.js";

export const SOUNDS = "audio/*,video/*,.wav,.mp3,.flac,.ogg,.m4a,.opus";

/**
 * Files are taken where they are dropped; the outline shows where that is.
 * @param {(files: File[]) => void} take
 */
export function dropZone(take) {
  const mark = (event, on) => {
    event.preventDefault();
    event.currentTarget.classList.toggle("over", on);
  };
  return {
    over: (event) => mark(event, true),
    leave: (event) => mark(event, false),
    drop: (event) => {
      mark(event, false);
      const files = [...event.dataTransfer.files];
      if (files.length) take(files);
    },
  };
}

/** @param {{id: string, accept: string, label: string, take: (files: File[]) => void, multiple?: boolean}} options */
export function filePicker({ id, accept, label, take, multiple = false }) {
  return html`<label class="button file">
    ${icons.upload}<span>${label}</span>
    <input
      id=${id}
      class="hidden"
      type="file"
      accept=${accept}
      ?multiple=${multiple}
      @change=${(event) => {
        const files = [...event.target.files];
        event.target.value = "";
        if (files.length) take(files);
      }}
    />
  </label>`;
}
