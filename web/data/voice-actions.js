// What can be done with voices and categories.
import { fileName } from "../lib/format.js";
import { focusSoon, neighbourOf } from "../lib/focus.js";
import { t } from "../lib/i18n.js";
import { copyName, freeId } from "./library.js";
import { save } from "./task-actions.js";

export function addVoiceActions(app) {
  const { api, library, player, store } = app;
  const path = (id) => `voice-models/${encodeURIComponent(id)}`;

  app.playVoice = (voice) =>
    player.toggle({
      id: `voice:${voice.model_id}`,
      address: voice.refer_wav_url,
      title: voice.model_name,
      subtitle: voice.prompt_text || t("voice.reference"),
    });

  app.speakWith = (voice) => {
    app.composer.set({ voice: voice.model_id });
    location.hash = "#/studio";
    focusSoon("#c-text");
  };

  app.deleteVoice = (voice) => {
    if (player.state.id === `voice:${voice.model_id}`) player.stop();
    const key = `voice:${voice.model_id}`;
    const next = neighbourOf(key);
    const restore = app.hideEverywhere("voices", voice.model_id);
    app.putUndo({
      key,
      next,
      label: t("voice.deleted", { name: voice.model_name }),
      restore,
      commit: async (leaving) => {
        await api.remove(path(voice.model_id), { keepalive: leaving });
        library.drop(voice.model_id);
        library.state.hidden.delete(voice.model_id);
      },
      failed: (error) => app.rowError(`voice:${voice.model_id}`, error),
    });
  };

  /** Of a voice that tasks still speak in: asked for a second time, so there is nothing to take back. */
  app.deleteVoiceAnyway = async (voice) => {
    const id = `voice:${voice.model_id}`;
    app.rowError(id, null);
    try {
      await api.remove(path(voice.model_id), { query: { force: true } });
      library.drop(voice.model_id);
      app.toast(t("voice.deleted", { name: voice.model_name }));
    } catch (error) {
      app.rowError(id, error);
    }
  };

  app.exportVoice = async (voice) => {
    try {
      save(await api.blob(`${path(voice.model_id)}/export`), fileName(voice.model_name, "zip"));
    } catch (error) {
      app.rowError(`voice:${voice.model_id}`, error);
    }
  };

  /**
   * @param {File} file
   * @param {string} [id] of the copy, where the voice's own is taken
   * @returns {Promise<Error | null>} its `taken` is true where a copy can be made
   */
  app.importVoice = async (file, id) => {
    const form = new FormData();
    form.set("file", file);
    try {
      let voice = await api.send("POST", "voice-models/import", form, { query: id ? { model_id: id } : {} });
      if (id) voice = await api.patch(path(id), { model_name: copyName(voice.model_name, library.voices) });
      library.put(voice);
      app.toast(t("voice.imported", { name: voice.model_name }), "good");
      return null;
    } catch (error) {
      error.taken = error.kind === "conflict";
      return error;
    }
  };

  app.importCopy = (file) => app.importVoice(file, freeId(file.name.replace(/\.zip$/i, "").toLowerCase(), library.state.voices ?? []));

  app.setVoiceCategories = async (voice, categories) => {
    const record = await api.post(`${path(voice.model_id)}/categories`, { categories });
    library.put(record?.model_id ? record : { ...voice, categories });
  };

  app.saveVoice = async (form, existing) => {
    const voice = existing
      ? await api.send("PATCH", path(existing.model_id), form)
      : await api.send("POST", "voice-models", form);
    if (existing) {
      for (const address of [existing.avatar_url, existing.refer_wav_url, ...(existing.aux_refer_wav_urls ?? [])]) app.media.forget(address);
    }
    library.put(voice);
    if (!app.composer.state.draft.voice) app.composer.set({ voice: voice.model_id });
    return voice;
  };

  app.openCategories = () => store.set({ dialog: "categories" });
  app.closeDialog = () => app.closed({ dialog: null });

  app.createCategory = async (fields) => {
    const category = await api.post("voice-categories", fields);
    library.state.categories = [...library.state.categories.filter((one) => one.category_id !== category.category_id), category];
    store.touch();
    return category;
  };

  app.changeCategory = async (category, fields) => {
    const changed = await api.patch(`voice-categories/${encodeURIComponent(category.category_id)}`, fields);
    library.state.categories = library.state.categories.map((one) => (one.category_id === category.category_id ? { ...one, ...changed } : one));
    store.touch();
  };

  app.deleteCategory = (category) => {
    const before = library.state.categories;
    library.state.categories = before.filter((one) => one.category_id !== category.category_id);
    const key = `category:${category.category_id}`;
    const next = neighbourOf(key);
    app.putUndo({
      key,
      next,
      label: t("category.deleted", { name: category.category_name }),
      restore: () => {
        library.state.categories = [...library.state.categories.filter((one) => one.category_id !== category.category_id), category];
        store.touch();
      },
      commit: async (leaving) => {
        await api.remove(`voice-categories/${encodeURIComponent(category.category_id)}`, { keepalive: leaving });
        if (!leaving) await library.loadVoices();
      },
      failed: (error) => app.toast(error.message, "bad"),
    });
  };
}

/** The name of a category; records of voices hold ids. */
export function categoryName(library, id) {
  return library.state.categories.find((one) => one.category_id === id)?.category_name ?? id;
}
