// One sound at a time, wherever it was started.

export function createPlayer({ media, onChange, onError }) {
  const audio = new Audio();
  audio.preload = "auto";
  const state = { id: "", address: "", title: "", subtitle: "", playing: false, loading: false, time: 0, seconds: 0 };
  let frame = 0;
  let ask = 0;

  function tick() {
    state.time = audio.currentTime;
    if (Number.isFinite(audio.duration)) state.seconds = audio.duration;
    onChange();
    frame = state.playing ? requestAnimationFrame(tick) : 0;
  }

  audio.addEventListener("play", () => {
    state.playing = true;
    state.loading = false;
    if (!frame) tick();
  });
  for (const name of ["pause", "ended"]) {
    audio.addEventListener(name, () => {
      state.playing = false;
      onChange();
    });
  }
  for (const name of ["timeupdate", "durationchange", "seeked"]) audio.addEventListener(name, () => state.playing || tick());
  audio.addEventListener("error", () => {
    if (!state.id || !audio.getAttribute("src")) return;
    Object.assign(state, { playing: false, loading: false });
    onError(state.id);
    onChange();
  });

  /** @param {{id: string, address: string, title: string, subtitle?: string, at?: number}} sound at: share 0..1 */
  async function play(sound) {
    const asked = (ask += 1);
    if (sound.id !== state.id || sound.address !== state.address) {
      audio.pause();
      Object.assign(state, { subtitle: "", ...sound, playing: false, loading: true, time: 0, seconds: sound.seconds ?? 0 });
      onChange();
      try {
        const source = await media.playable(sound.address);
        if (asked !== ask) return;
        audio.src = source;
      } catch (error) {
        state.loading = false;
        onError(state.id, error);
        onChange();
        return;
      }
    }
    if (sound.at !== undefined) seek(sound.at);
    await audio.play().catch(() => {
      state.loading = false;
      onChange();
    });
  }

  function seek(share) {
    const go = () => {
      audio.currentTime = Math.max(0, Math.min(1, share)) * (audio.duration || 0);
      tick();
    };
    if (audio.readyState >= 1) go();
    else audio.addEventListener("loadedmetadata", go, { once: true });
  }

  return {
    state,
    play,
    seek,
    pause: () => audio.pause(),
    toggle(sound) {
      if (state.id === sound.id && state.address === sound.address && state.playing) audio.pause();
      else play(sound);
    },
    stop() {
      ask += 1;
      audio.pause();
      audio.removeAttribute("src");
      Object.assign(state, { id: "", address: "", playing: false, loading: false, time: 0, seconds: 0 });
      onChange();
    },
    isPlaying: (id) => state.id === id && state.playing,
  };
}
