// Runs the exported functions of a module of tests; nothing else is needed.

const show = (value) => JSON.stringify(value);

const asserts = {
  ok(value, about = "") {
    if (!value) throw new Error(`not so ${about}`);
  },
  equal(found, expected) {
    if (show(found) !== show(expected)) throw new Error(`found ${show(found)}, expected ${show(expected)}`);
  },
  throws(work) {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error("nothing was thrown");
  },
  async rejects(promise) {
    try {
      await promise;
    } catch (error) {
      return error;
    }
    throw new Error("nothing was rejected");
  },
};

export async function run(path) {
  const tests = Object.entries(await import(path));
  const failures = [];
  for (const [name, test] of tests) {
    try {
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error("took more than 8 s")), 8000));
      await Promise.race([test(asserts), late]);
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  return { count: tests.length, failures };
}
