// What is playing, at the foot of the window.
import { html, nothing } from "../lib/html.js";
import { clock } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import "../elements/wave-form.js";
import { icons } from "./icons.js";
import { iconButton } from "./parts.js";

export function playerBar(app) {
  const { state, toggle, seek, stop } = app.player;
  document.body.classList.toggle("with-player", Boolean(state.id));
  if (!state.id) return nothing;
  const share = state.seconds ? state.time / state.seconds : 0;
  const shape = app.media.shape(state.address);
  return html`<section class="player" aria-label=${t("player")}>
    <button
      type="button"
      class="play ${state.loading ? "busy" : ""}"
      aria-label=${state.playing ? t("pause") : t("play")}
      @click=${() => toggle(state)}
    >${state.playing ? icons.pause : icons.play}</button>
    <div class="player-text"><strong>${state.title}</strong><small>${state.subtitle}</small></div>
    <wave-form
      aria-label=${t("player.seek")}
      .peaks=${shape?.peaks ?? null}
      .seconds=${state.seconds}
      .progress=${share}
      .seekable=${true}
      @seek=${(event) => seek(event.detail)}
    ></wave-form>
    <span class="time">${clock(state.time)}<span class="faint"> / ${clock(state.seconds)}</span></span>
    ${iconButton({ icon: icons.close, label: t("player.close"), onClick: stop })}
  </section>`;
}
