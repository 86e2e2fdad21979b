// Categories: make, rename, remove.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { iconButton, modal, problem } from "./parts.js";

const ui = { error: null, busy: false };

async function act(app, work) {
  ui.error = null;
  ui.busy = true;
  app.store.touch();
  try {
    await work();
    return true;
  } catch (error) {
    ui.error = error;
    return false;
  } finally {
    ui.busy = false;
    app.store.touch();
  }
}

export function categoriesDialog(app) {
  const { categories } = app.library.state;
  const voices = app.library.voices;
  const create = async (event) => {
    event.preventDefault();
    const form = event.target;
    const name = form.elements.name.value.trim();
    if (!name) return form.elements.name.focus();
    const description = form.elements.description.value.trim();
    if (await act(app, () => app.createCategory({ category_name: name, description }))) form.reset();
    form.elements.name.focus();
  };
  const rename = (category, event) => {
    const name = event.target.value.trim();
    if (!name || name === category.category_name) event.target.value = category.category_name;
    else act(app, () => app.changeCategory(category, { category_name: name }));
  };
  const holds = (id) => voices.filter((voice) => (voice.categories ?? []).includes(id)).length;
  const body = html`<header class="modal-head"><h2>${t("categories.title")}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: app.closeDialog })}</header>
    <p class="hint">${t("categories.text")}</p>
    <form class="category-new" @submit=${create}>
      <input name="name" type="text" maxlength="100" aria-label=${t("category.name")} placeholder=${t("category.name")} autocomplete="off" />
      <input name="description" type="text" maxlength="500" aria-label=${t("category.description")} placeholder=${t("category.description")} autocomplete="off" />
      <button type="submit" class="button primary" ?disabled=${ui.busy}>${icons.plus}${t("category.add")}</button>
    </form>
    ${problem(ui.error)}
    <ul class="category-list">
      ${categories.map(
        (category) => html`<li data-key="category:${category.category_id}">
          ${icons.tag}
          <input
            type="text"
            maxlength="100"
            aria-label=${t("category.rename", { name: category.category_name })}
            .value=${category.category_name}
            @change=${(event) => rename(category, event)}
            @keydown=${(event) => event.key === "Enter" && event.target.blur()}
          />
          <small class="grow" title=${category.description ?? ""}>${category.description}</small>
          <small>${t("category.voices", { n: holds(category.category_id) })}</small>
          ${iconButton({ icon: icons.trash, label: t("category.delete", { name: category.category_name }), onClick: () => app.deleteCategory(category) })}
        </li>`,
      )}
    </ul>
    ${categories.length ? nothing : html`<p class="hint pad">${t("categories.none")}</p>`}`;
  return modal({ app, name: "categories", label: t("categories.title"), onClose: app.closeDialog, body });
}
