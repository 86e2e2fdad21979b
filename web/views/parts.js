// Small pieces that many views use.
import { AsyncDirective, css, directive, html, keyed, nothing } from "../lib/html.js";
import { rememberFocus } from "../lib/focus.js";
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

/** An error where it happened. That a key is missing or wrong is told once, by the banner and where the key is typed. */
export function problem(error, { retry, action = nothing, ofKey = false } = {}) {
  if (!error || (error.kind === "key" && error.status === 401 && !ofKey)) return nothing;
  return html`<div class="problem" role="alert">
    ${icons.warn}<span class="problem-text">${error.message}</span>
    ${action}${retry ? html`<button type="button" class="button small" @click=${retry}>${t("again")}</button>` : nothing}
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

/**
 * Opens a <dialog> when it appears; Escape and the backdrop close it through `onClose`, and the keyboard goes back to
 * where it was. Messages lie within, because everything outside cannot be reached meanwhile.
 */
export function modal({ app, name, label, onClose, body }) {
  return html`<dialog
    class="modal ${name}"
    aria-label=${label}
    ${whileThere(opened)}
    @cancel=${(event) => {
      if (event.target !== event.currentTarget) return;
      event.preventDefault();
      onClose();
    }}
    @pointerdown=${(event) => {
      event.currentTarget.armed = event.target === event.currentTarget;
    }}
    @click=${(event) => {
      const outside = event.target === event.currentTarget && event.currentTarget.armed;
      event.currentTarget.armed = false;
      if (outside) onClose();
    }}
  >
    <div class="modal-body" tabindex="-1">${body}</div>
    ${toasts(app)}
  </dialog>`;
}

function opened(element) {
  const goBack = rememberFocus();
  queueMicrotask(() => {
    if (!element.isConnected || element.open) return;
    element.showModal();
    // Not the first button, which closes: the dialog itself, so that its name is read.
    (element.querySelector("[data-focus]") ?? element.querySelector(".modal-body")).focus();
  });
  return () => {
    // What closed it may have given the keyboard a place already.
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body || !activeElement.isConnected) goBack();
  };
}

/** Messages that go by themselves, and what can still be taken back. */
export function toasts(app) {
  const { toasts: shown } = app.store.state;
  return html`<div class="toasts">
    ${app.undo.pending.map(
      (deed) => html`<div class="toast" data-undo=${deed.id}>
        <span>${deed.label}</span>
        <button type="button" class="button small" aria-label=${t("undo.of", { what: deed.label })} @click=${() => app.takeBack(deed.id)}>${t("undo")}<kbd aria-hidden="true">Ctrl Z</kbd></button>
        <span class="fuse"></span>
      </div>`,
    )}
    ${shown.map(
      (one) => html`<div class="toast ${one.tone}">
        <span>${one.text}</span>
        <button type="button" class="icon-button" aria-label=${t("close")} @click=${() => app.dropToast(one.id)}>${icons.close}</button>
      </div>`,
    )}
  </div>`;
}

// Runs a function when an element is made, and what it returned when the element has gone.
class WhileThere extends AsyncDirective {
  render() {
    return nothing;
  }

  update(part, [begin]) {
    if (!this.leave) this.leave = begin(part.element);
    return nothing;
  }

  disconnected() {
    // After this rendering, when what took its place is there.
    const leave = this.leave;
    queueMicrotask(() => leave?.());
  }
}
const whileThere = directive(WhileThere);
