// What can be chosen for the model version that will speak: v3 and v4 sample their audio in steps.

/** Steps that the original program offers; more are finer and slower. */
const STEPS = [4, 8, 16, 32, 64, 128];
const SAMPLERS = {
  v3: { steps: STEPS, superSampling: true },
  v4: { steps: STEPS, superSampling: false },
};

/** @returns {string | null} version of the weights that a voice speaks with: its own, else the current ones */
export function versionOf({ voice, weights, health }) {
  const own = voice?.sovits_model_path;
  if (!own) return health?.model_version ?? null;
  return weights?.sovits?.find((file) => file.path === own)?.version ?? null;
}

/** @returns {{steps: number[], superSampling: boolean} | null} null where nothing is sampled */
export function samplerOf(version) {
  return SAMPLERS[version] ?? null;
}
