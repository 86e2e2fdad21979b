// Small pieces that many views use.
import { css, html, keyed, nothing, ref } from "../lib/html.js";
import { hueOf } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";

/** A picture, or the first letter of the name on a colour that belongs to the id. */
export function avatar(app, voice, size = "") {
  const source = app.media.source(voice?.avatar_url);
  const name = voice?.model_name || voice?.model_id || "?";
  // A cell that another voice takes over must not show the old face until the new one has come.
  if (source) return keyed(source, html`<img class="avatar ${size}" src=${source} alt="" loading="lazy" decoding="async" />`);
  return html`<span class="avatar ${size}" aria-hidden="true" ${css({ "--hue": String(hueOf(voice?.model_id ?? "")) })}
    >${[...name][0]?.toUpperCase() ?? "?"}</span
  >`;
}

export function problem(error, { retry } = {}) {
  if (!error) return nothing;
  return html`<div class="problem" role="alert">
    ${icons.warn}<span class="problem-text">${error.message}</span>
    ${retry ? html`<button type="button" class="button small" @click=${retry}>${t("again")}</button>` : nothing}
  </div>`;
}

export function iconButton({ icon, label, onClick, tone = "", disabled = false, pressed }) {
  return html`<button
    type="button"
    class="icon-button ${tone}"
    aria-label=${label}
    title=${label}
    aria-pressed=${pressed === undefined ? nothing : String(pressed)}
    ?disabled=${disabled}
    @click=${onClick}
  >
    ${icon}
  </button>`;
}

export function empty({ icon, title, text, action = nothing }) {
  return html`<div class="empty">
    <div class="empty-mark">${icon}</div>
    <h3>${title}</h3>
    <p>${text}</p>
    ${action}
  </div>`;
}

export function field({ id, label, hint, control, error }) {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${control}
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
    ${error ? html`<p class="field-error" role="alert">${error}</p>` : nothing}
  </div>`;
}

/** One of a few; arrows move, as radio buttons do. */
export function segmented({ name, label, value, options, onPick }) {
  return html`<div class="segmented" role="radiogroup" aria-label=${label}>
    ${options.map(
      (option) => html`<label class=${option.value === value ? "chosen" : ""}>
        <input
          type="radio"
          name=${name}
          .value=${option.value}
          .checked=${option.value === value}
          @change=${() => onPick(option.value)}
        /><span>${option.icon ?? nothing}${option.text}</span>
      </label>`,
    )}
  </div>`;
}

export function select({ id, value, options, onPick, label }) {
  return html`<span class="select">
    <select id=${id} aria-label=${label ?? nothing} @change=${(event) => onPick(event.target.value)}>
      ${options.map((option) => html`<option .value=${option.value} ?selected=${option.value === value} .selected=${option.value === value}>${option.text}</option>`)}
    </select>
    ${icons.down}
  </span>`;
}

export function copyButton(app, text) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      app.toast(t("copied"), "good");
    } catch {
      app.toast(t("copy.failed"), "bad");
    }
  };
  return iconButton({ icon: icons.copy, label: t("copy"), onClick: copy });
}

/** A command to be copied into a terminal. */
export function command(app, text) {
  return html`<div class="command"><code tabindex="0">${text}</code>${copyButton(app, text)}</div>`;
}

/** Opens a <dialog> when it appears; Escape and the backdrop close it through `onClose`. */
export function modal({ name, label, onClose, body }) {
  const opened = (element) => {
    if (!element || element.open) return;
    element.showModal();
    // Not the first button, which closes: the dialog itself, so that its name is read.
    (element.querySelector("[data-focus]") ?? element.querySelector(".modal-body")).focus();
  };
  return html`<dialog
    class="modal ${name}"
    aria-label=${label}
    ${openWhenMade(opened)}
    @cancel=${(event) => {
      if (event.target !== event.currentTarget) return;
      event.preventDefault();
      onClose();
    }}
    @pointerdown=${(event) => event.target === event.currentTarget && (event.currentTarget.armed = true)}
    @click=${(event) => {
      const outside = event.target === event.currentTarget && event.currentTarget.armed;
      event.currentTarget.armed = false;
      if (outside) onClose();
    }}
  >
    <div class="modal-body" tabindex="-1">${body}</div>
  </dialog>`;
}

// A ref callback must be the same function on every rendering, or it is called each time.
const openers = new WeakMap();
function openWhenMade(open) {
  return ref(keep);
  function keep(element) {
    if (element && !openers.has(element)) {
      openers.set(element, true);
      queueMicrotask(() => element.isConnected && open(element));
    }
  }
}
