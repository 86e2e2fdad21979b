// What the library offers of the text-to-semantic transformer: plain functions for ctypes, and the step as a custom
// operator of MindSpore. Functions that can fail return kOutOfMemory or kBadArgument. One thread at a time per session.
#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>

#include "t2s.h"

#define GS_EXPORT extern "C" __attribute__((visibility("default")))

namespace gs {
namespace {

constexpr int kOutOfMemory = -1, kBadArgument = -2;

// A cache and the buffers of the steps over it.
struct Session {
  Session(std::shared_ptr<T2SModel> m, int slots, int max_length)
      : owner(std::move(m)), model(*owner), cache(model, slots, max_length), step(model, cache) {}
  const std::shared_ptr<T2SModel> owner;
  const T2SModel& model;
  T2SCache cache;
  T2SPass step;
  std::int64_t id = 0;
};

// Callers hold handles: a collector may free them in any order, so each object keeps alive what it uses.
using ModelHandle = std::shared_ptr<T2SModel>;
using SessionHandle = std::shared_ptr<Session>;

// Operators name a session by number, so that a wrong number is an error and not a crash.
std::mutex sessions_lock;
std::map<std::int64_t, std::weak_ptr<Session>> sessions;
std::int64_t next_session = 1;

struct Prefill {
  Prefill(SessionHandle s, int rows) : owner(std::move(s)), session(*owner), pass(session.model, session.cache) {
    pass.resize(rows);
  }
  const SessionHandle owner;
  Session& session;
  T2SPass pass;
  int done = 0;
};

// Nothing may be thrown into the caller, which is not C++. All that is thrown means a size that memory cannot hold.
template <class Work>
int guarded(Work&& work) {
  try {
    return work();
  } catch (const std::exception&) {
    return kOutOfMemory;
  }
}

void add_position(const T2SModel& model, float* x, float alpha, int position) {
  const float* row = model.positions.data() + static_cast<std::ptrdiff_t>(position) * model.sizes.dim;
  for (int d = 0; d < model.sizes.dim; ++d) x[d] += alpha * row[d];
}

void embed_token(const T2SModel& model, float* x, int token, int position) {
  const float* row = model.token_table.data() + static_cast<std::ptrdiff_t>(token) * model.sizes.dim;
  std::copy_n(row, model.sizes.dim, x);
  add_position(model, x, model.audio_alpha, position);
}

bool valid(int value, int limit) { return value >= 0 && value < limit; }

int step(Session& session, int count, const std::int32_t* slots, const std::int32_t* lengths,
         const std::int32_t* positions, const std::int32_t* tokens, float* logits, int threads) {
  const T2SSizes& sizes = session.model.sizes;
  for (int i = 0; i < count; ++i) {
    if (!valid(slots[i], session.cache.slots()) || !valid(lengths[i], session.cache.max_length()) ||
        !valid(positions[i], sizes.positions) || !valid(tokens[i], sizes.vocab))
      return kBadArgument;
  }
  if (count <= 0) return count == 0 ? 0 : kBadArgument;
  session.step.resize(count);
  for (int i = 0; i < count; ++i) {
    session.cache.reserve(slots[i], lengths[i] + 1);
    session.step.row(i) = {slots[i], lengths[i], lengths[i] + 1};
    embed_token(session.model, session.step.input(i), tokens[i], positions[i]);
  }
  session.step.run(0, sizes.layers, 0, logits, threads > 0 ? threads : pool_threads());
  return 0;
}

void project_bert(Prefill& job, const float* features, int text, int threads) {
  const T2SModel& model = job.session.model;
  pool_run(threads, [&](int index, int count) {
    const Share panels = share_of(model.bert.panels(), index, count);
    model.bert.multiply(static_cast<int>(panels.first), static_cast<int>(panels.last), features, model.sizes.bert_dim,
                        nullptr, text, job.pass.input(0) + panels.first * kPanel, job.pass.stride(), false);
  });
}

// Every text row sees all of the text, every prompt row the text and the prompt up to itself: in both cases the first
// so many entries of the cache.
int prepare(Prefill& job, int slot, const std::int32_t* phonemes, int text, const std::int32_t* prompt, int prompts,
            const float* features, int threads) {
  const T2SModel& model = job.session.model;
  const T2SSizes& sizes = model.sizes;
  job.session.cache.reserve(slot, text + prompts);
  project_bert(job, features, text, threads);
  for (int i = 0; i < text; ++i) {
    float* x = job.pass.input(i);
    const float* row = model.phoneme_table.data() + static_cast<std::ptrdiff_t>(phonemes[i]) * sizes.dim;
    for (int d = 0; d < sizes.dim; ++d) x[d] += row[d];
    add_position(model, x, model.text_alpha, i);
    job.pass.row(i) = {slot, i, text};
  }
  for (int i = 0; i < prompts; ++i) {
    embed_token(model, job.pass.input(text + i), prompt[i], i);
    job.pass.row(text + i) = {slot, text + i, text + i + 1};
  }
  return 0;
}

}  // namespace
}  // namespace gs

using gs::guarded;
using gs::kBadArgument;
using gs::kOutOfMemory;
using gs::ModelHandle;
using gs::Prefill;
using gs::Session;
using gs::SessionHandle;
using gs::T2SModel;

// sizes: dim, heads, layers, ffn, vocab, bert_dim, phonemes, positions. Null when there is no memory
// or a size is impossible.
GS_EXPORT ModelHandle* t2s_model_new(const std::int32_t* sizes, int precision, int group, int half_cache) {
  for (int i = 0; i < 8; ++i)
    if (sizes[i] < 1) return nullptr;
  if (sizes[0] % sizes[1] != 0) return nullptr;
  const gs::T2SSizes given{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]};
  try {
    return new ModelHandle(std::make_shared<T2SModel>(given, static_cast<gs::Precision>(precision), group, half_cache != 0));
  } catch (const std::exception&) {
    return nullptr;
  }
}
GS_EXPORT void t2s_model_free(ModelHandle* model) { delete model; }
GS_EXPORT std::int64_t t2s_model_bytes(const ModelHandle* model) {
  return static_cast<std::int64_t>((*model)->bytes());
}

// Gives the model a tensor; see T2SModel::set.
GS_EXPORT std::int64_t t2s_model_set(ModelHandle* model, int layer, int kind, const float* data, std::int64_t count) {
  try {
    return (*model)->set(layer, kind, data, static_cast<long>(count));
  } catch (const std::exception&) {
    return -3;
  }
}

GS_EXPORT SessionHandle* t2s_session_new(const ModelHandle* model, int slots, int max_length) {
  try {
    auto handle = std::make_unique<SessionHandle>(std::make_shared<Session>(*model, slots, max_length));
    std::lock_guard<std::mutex> lock(gs::sessions_lock);
    (*handle)->id = gs::next_session++;
    gs::sessions[(*handle)->id] = *handle;
    return handle.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
GS_EXPORT void t2s_session_free(SessionHandle* session) {
  {
    std::lock_guard<std::mutex> lock(gs::sessions_lock);
    gs::sessions.erase((*session)->id);
  }
  delete session;
}
GS_EXPORT std::int64_t t2s_session_id(const SessionHandle* session) { return (*session)->id; }
GS_EXPORT std::int64_t t2s_session_bytes(const SessionHandle* session) {
  return static_cast<std::int64_t>((*session)->cache.bytes());
}
GS_EXPORT void t2s_session_release(SessionHandle* session, int slot) { (*session)->cache.release(slot); }
// Bytes of free cache pages kept for the next sequences, and the most to be kept from now on.
GS_EXPORT std::int64_t t2s_model_free_bytes(const ModelHandle* model) {
  return static_cast<std::int64_t>((*model)->pool.bytes());
}
GS_EXPORT void t2s_model_keep_bytes(const ModelHandle* model, std::int64_t most) {
  (*model)->pool.trim(static_cast<std::size_t>(most > 0 ? most : 0));
}

// One token for each of `count` different slots; logits (count, vocab).
GS_EXPORT int t2s_step(SessionHandle* session, int count, const std::int32_t* slots, const std::int32_t* lengths,
                       const std::int32_t* positions, const std::int32_t* tokens, float* logits, int threads) {
  return guarded([&] { return gs::step(**session, count, slots, lengths, positions, tokens, logits, threads); });
}

// Begins a prefill of a slot; features (text, bert_dim). Null for bad arguments or when there is no memory.
GS_EXPORT Prefill* t2s_prefill_new(SessionHandle* session, int slot, const std::int32_t* phonemes, int text,
                                   const std::int32_t* prompt, int prompts, const float* features, int threads) {
  const gs::T2SSizes& sizes = (*session)->model.sizes;
  if (text < 1 || prompts < 0 || text + prompts > (*session)->cache.max_length() || text > sizes.positions ||
      prompts > sizes.positions || !gs::valid(slot, (*session)->cache.slots()))
    return nullptr;
  for (int i = 0; i < text; ++i)
    if (!gs::valid(phonemes[i], sizes.phonemes)) return nullptr;
  for (int i = 0; i < prompts; ++i)
    if (!gs::valid(prompt[i], sizes.vocab)) return nullptr;
  try {
    auto job = std::make_unique<Prefill>(*session, text + prompts);
    gs::prepare(*job, slot, phonemes, text, prompt, prompts, features, threads > 0 ? threads : gs::pool_threads());
    return job.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
// Runs up to `layers` more layers and returns how many are left; with the last one come the logits (vocab,).
GS_EXPORT int t2s_prefill_run(Prefill* job, int layers, float* logits, int threads) {
  return guarded([&] {
    const int all = job->session.model.sizes.layers, last = std::min(all, job->done + layers);
    if (layers < 1 || job->done == all) return kBadArgument;
    job->pass.run(job->done, last, job->pass.rows() - 1, logits, threads > 0 ? threads : gs::pool_threads());
    job->done = last;
    return all - last;
  });
}
GS_EXPORT void t2s_prefill_free(Prefill* job) { delete job; }

// The step as ops.Custom(..., func_type="aot"): inputs session number (1,) int64, then slots, lengths, positions and
// tokens (n,) int32; output logits (n, vocab) float32.
GS_EXPORT int T2SDecodeStep(int count, void** buffers, int* ranks, std::int64_t** shapes, const char** types,
                            void* stream, void* extra) {
  (void)stream, (void)extra;
  if (count != 6 || ranks[5] != 2 || std::strcmp(types[0], "int64") != 0 || std::strcmp(types[5], "float32") != 0) return 1;
  const std::int64_t rows = shapes[5][0];
  for (int i = 1; i < 5; ++i)
    if (ranks[i] != 1 || shapes[i][0] != rows || std::strcmp(types[i], "int32") != 0) return 1;
  SessionHandle session;
  {
    std::lock_guard<std::mutex> lock(gs::sessions_lock);
    const auto found = gs::sessions.find(*static_cast<const std::int64_t*>(buffers[0]));
    if (found == gs::sessions.end()) return 2;
    session = found->second.lock();
  }
  if (!session) return 2;
  if (shapes[5][1] != session->model.sizes.vocab) return 1;
  const auto whole = [&](int i) { return static_cast<const std::int32_t*>(buffers[i]); };
  const int status = t2s_step(&session, static_cast<int>(rows), whole(1), whole(2), whole(3), whole(4),
                              static_cast<float*>(buffers[5]), 0);
  return status == 0 ? 0 : 3;
}
