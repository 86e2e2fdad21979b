import { createComposer } from "/web/data/composer.js";
import { samplerOf, versionOf } from "/web/data/sampler.js";

const WEIGHTS = { sovits: [{ path: "SoVITS_weights_v3/a.pth", version: "v3" }] };

export function a_voice_speaks_with_its_own_weights_or_the_current_ones({ equal }) {
  const health = { model_version: "v4" };
  equal(versionOf({ voice: { sovits_model_path: "SoVITS_weights_v3/a.pth" }, weights: WEIGHTS, health }), "v3");
  equal(versionOf({ voice: { sovits_model_path: "gone.pth" }, weights: WEIGHTS, health }), null);
  equal(versionOf({ voice: {}, weights: null, health }), "v4");
  equal(versionOf({ voice: null, weights: null, health: null }), null);
}

export function what_is_not_sampled_offers_no_steps({ equal }) {
  equal(samplerOf("v2"), null);
  equal(samplerOf(null), null);
  equal(samplerOf("v3").superSampling, true);
  equal(samplerOf("v4").superSampling, false);
}

export async function steps_are_sent_where_they_count({ equal }) {
  const sent = [];
  let version = "v2";
  const nothing = { read: (name, otherwise) => otherwise, write: () => {} };
  const composer = createComposer({
    api: { post: async (path, body) => (sent.push(body), { task_id: "t" }) },
    drafts: nothing,
    tabDrafts: nothing,
    offers: { latest: () => null, keep: () => {} },
    settings: { values: { user: "u" } },
    onChange: () => {},
    now: () => 0,
    sampler: () => samplerOf(version),
  });
  composer.set({ text: "a", voice: "v", steps: 8, superSampling: true });
  for (version of ["v2", "v3", "v4"]) await composer.submit({ anyway: true });
  equal(sent.map((body) => body.sample_steps), [undefined, 8, 8]);
  equal(sent.map((body) => body.super_sampling), [undefined, true, undefined]);
}
