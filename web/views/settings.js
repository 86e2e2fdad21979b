// What this browser remembers, and what the service says about itself.
import { html, live, nothing } from "../lib/html.js";
import { currentLanguage, t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { problem, segmented } from "./parts.js";
import { stateOf } from "./state.js";

const ui = { key: null, shown: false, error: null, good: false };

async function tryKey(app) {
  ui.error = null;
  ui.good = false;
  app.settings.set({ key: ui.key ?? app.settings.values.key });
  try {
    await app.api.get("voice-categories", { page: 1, page_size: 1 });
    ui.good = true;
    ui.key = null;
  } catch (error) {
    ui.error = error;
  }
  app.store.touch();
}

function keyCard(app) {
  const value = ui.key ?? app.settings.values.key;
  return html`<section class="panel setting">
    <div><h2>${t("set.key")}</h2><p class="hint" id="set-key-hint">${t("set.key.hint")}</p></div>
    <form
      @submit=${(event) => {
        event.preventDefault();
        tryKey(app);
      }}
    >
      <input type="text" class="hidden" autocomplete="username" value="api" tabindex="-1" aria-hidden="true" />
      <div class="row">
        <input
          id="set-key"
          type=${ui.shown ? "text" : "password"}
          aria-label=${t("set.key")}
          aria-describedby="set-key-hint"
          autocomplete="off"
          spellcheck="false"
          .value=${live(value)}
          @input=${(event) => {
            ui.key = event.target.value;
            ui.good = false;
            app.store.touch();
          }}
        />
        <button type="button" class="button" aria-pressed=${String(ui.shown)} @click=${() => {
          ui.shown = !ui.shown;
          app.store.touch();
        }}>${ui.shown ? t("set.key.hide") : t("set.key.show")}</button>
        <button type="submit" class="button primary">${t("set.key.use")}</button>
      </div>
      ${problem(ui.error, { ofKey: true })} ${ui.good ? html`<p class="good-line" role="status">${icons.check}${t("set.key.good")}</p>` : nothing}
    </form>
  </section>`;
}

export function settingsView(app) {
  const { values, set } = app.settings;
  const { health, ready, connection } = app.store.state;
  const facts = [
    [t("about.state"), stateOf(app.store.state).text],
    [t("about.reason"), ready && !ready.ok ? ready.detail : ""],
    [t("about.device"), health?.device],
    [t("about.model"), health?.model_version],
    [t("about.queue"), health?.queue_depth],
    [t("about.live"), t(`live.${connection}`)],
    [t("about.address"), app.base.href],
  ];
  return html`<header class="view-head"><h1>${t("nav.settings")}</h1></header>
    <div class="settings">
      <section class="panel setting">
        <div><h2>${t("set.language")}</h2><p class="hint">${t("set.language.hint")}</p></div>
        ${segmented({
          name: "language",
          label: t("set.language"),
          value: currentLanguage(),
          options: [{ value: "en", text: "English" }, { value: "zh", text: "中文" }],
          onPick: (language) => set({ language }),
        })}
      </section>
      <section class="panel setting">
        <div><h2><label for="set-user">${t("set.user")}</label></h2><p class="hint" id="set-user-hint">${t("set.user.hint")}</p></div>
        <input id="set-user" type="text" maxlength="128" autocomplete="off" spellcheck="false" aria-describedby="set-user-hint" .value=${live(values.user)} @input=${(event) => set({ user: event.target.value })} />
      </section>
      ${keyCard(app)}
      <section class="panel setting">
        <div><h2>${t("set.motion")}</h2><p class="hint">${t("set.motion.hint")}</p></div>
        ${segmented({
          name: "motion",
          label: t("set.motion"),
          value: values.motion,
          options: ["system", "full", "reduced"].map((value) => ({ value, text: t(`motion.${value}`) })),
          onPick: (motion) => set({ motion }),
        })}
      </section>
      <section class="panel setting">
        <div><h2>${t("dictionary.title")}</h2><p class="hint">${t("dictionary.text")}</p></div>
        <button type="button" class="button" @click=${() => app.openDictionary()}>${icons.edit}${t("dictionary.open")}</button>
      </section>
      <section class="panel setting">
        <div><h2>${t("shortcuts")}</h2><p class="hint">${t("set.shortcuts.hint")}</p></div>
        <button type="button" class="button" @click=${() => app.store.set({ dialog: "shortcuts" })}>${icons.keyboard}${t("shortcuts")}</button>
      </section>
      <section class="panel about">
        <h2>${t("about.title")}</h2>
        <dl class="facts">${facts.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      </section>
    </div>`;
}
