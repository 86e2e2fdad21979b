// One state object; whoever subscribes is told once per frame, however many changes came.

/**
 * @param {object} initial
 * @param {(callback: () => void) => void} schedule when to tell the subscribers
 */
export function createStore(initial, schedule = nextFrame) {
  let state = initial;
  let waiting = false;
  const subscribers = new Set();

  function announce() {
    if (!waiting) return;
    waiting = false;
    for (const subscriber of [...subscribers]) subscriber(state);
  }

  function touch() {
    if (waiting) return;
    waiting = true;
    schedule(announce);
  }

  return {
    get state() {
      return state;
    },
    /** Replace fields; a function gets the state and returns the fields. */
    set(patch) {
      const fields = typeof patch === "function" ? patch(state) : patch;
      if (Object.keys(fields).every((key) => Object.is(state[key], fields[key]))) return;
      state = { ...state, ...fields };
      touch();
    },
    /** Say that something inside a field has changed. */
    touch,
    /** Tell the subscribers now: what is typed next must find the field it is meant for. */
    flush: announce,
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  };
}

// A hidden tab gets no animation frames, but its title and live regions must stay true.
function nextFrame(callback) {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    callback();
  };
  requestAnimationFrame(once);
  setTimeout(once, 120);
}
