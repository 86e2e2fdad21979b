// Runs the kernels of a library on fixed inputs and prints the results, so that two libraries can be compared, whatever
// processor they are for: kernels LIBRARY. Talks to the library as Python does; knows nothing of its sources.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void* library = nullptr;

template <class Function>
Function* symbol(const char* name) {
  void* found = dlsym(library, name);
  if (!found) std::printf("missing: %s\n", name), std::exit(1);
  return reinterpret_cast<Function*>(found);
}

void need(bool holds, const char* what) {
  if (!holds) std::printf("failed: %s\n", what), std::exit(1);
}

// The same numbers everywhere, exact in float16: multiples of 1/64 within 1, times a power of two, plus an offset.
struct Numbers {
  std::uint32_t state = 1;
  std::vector<float> many(std::size_t count, float spread, float offset = 0.0f) {
    std::vector<float> found(count);
    for (float& one : found) {
      state = state * 1664525u + 1013904223u;
      one = static_cast<float>(static_cast<int>(state >> 25) - 64) / 64.0f * spread + offset;
    }
    return found;
  }
};

void print(const char* name, int precision, const std::vector<float>& values) {
  std::printf("%s/%d", name, precision);
  for (float value : values) std::printf(" %.9g", static_cast<double>(value));
  std::printf("\n");
}

constexpr int kDim = 48, kHeads = 3, kLayers = 2, kFfn = 176, kVocab = 37, kBert = 10, kPhonemes = 19, kPositions = 256;
constexpr int kThreads = 3, kGroup = 64;

void* decoder(int precision) {
  const std::int32_t sizes[] = {kDim, kHeads, kLayers, kFfn, kVocab, kBert, kPhonemes, kPositions};
  void* model = symbol<void*(const std::int32_t*, int, int, int)>("t2s_model_new")(sizes, precision, kGroup, precision != 0);
  need(model != nullptr, "t2s_model_new");
  const auto set = symbol<std::int64_t(void*, int, int, const float*, std::int64_t)>("t2s_model_set");
  Numbers numbers;
  const auto give = [&](int layer, int kind, std::size_t count, float spread, float offset = 0.0f) {
    const std::vector<float> data = numbers.many(count, spread, offset);
    need(set(model, layer, kind, data.data(), static_cast<std::int64_t>(count)) >= 0, "t2s_model_set");
  };
  for (int l = 0; l < kLayers; ++l) {
    give(l, 1, 3 * kDim, 0.25f), give(l, 0, 3 * kDim * kDim, 0.25f);
    give(l, 3, kDim, 0.25f), give(l, 2, kDim * kDim, 0.25f);
    give(l, 5, kFfn, 0.25f), give(l, 4, kFfn * kDim, 0.25f);
    give(l, 7, kDim, 0.25f), give(l, 6, kDim * kFfn, 0.125f);
    give(l, 8, kDim, 0.25f, 1.0f), give(l, 9, kDim, 0.25f), give(l, 10, kDim, 0.25f, 1.0f), give(l, 11, kDim, 0.25f);
  }
  give(-1, 12, kVocab * kDim, 0.25f), give(-1, 14, kDim, 0.25f), give(-1, 13, kDim * kBert, 0.25f);
  give(-1, 15, kPhonemes * kDim, 0.5f), give(-1, 16, kVocab * kDim, 0.5f);
  give(-1, 17, kPositions * kDim, 1.0f), give(-1, 18, 2, 0.5f, 1.0f);
  return model;
}

// Three sequences of different lengths, one of them across a page of the cache; prefills and six steps.
void decode(int precision) {
  void* model = decoder(precision);
  void* session = symbol<void*(void*, int, int)>("t2s_session_new")(model, 4, kPositions);
  need(session != nullptr, "t2s_session_new");
  const int texts[] = {5, 3, 40}, prompts[] = {118, 0, 21};
  std::int32_t slots[] = {0, 2, 3}, lengths[3], positions[3], tokens[3];
  Numbers numbers;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::int32_t> phonemes, prompt;
    for (int t = 0; t < texts[i]; ++t) phonemes.push_back((7 * t + i) % kPhonemes);
    for (int t = 0; t < prompts[i]; ++t) prompt.push_back((5 * t + i) % kVocab);
    const std::vector<float> bert = numbers.many(static_cast<std::size_t>(texts[i] * kBert), 1.0f);
    void* job = symbol<void*(void*, int, const std::int32_t*, int, const std::int32_t*, int, const float*, int)>(
        "t2s_prefill_new")(session, slots[i], phonemes.data(), texts[i], prompt.data(), prompts[i], bert.data(), kThreads);
    need(job != nullptr, "t2s_prefill_new");
    std::vector<float> logits(kVocab);
    need(symbol<int(void*, int, float*, int)>("t2s_prefill_run")(job, kLayers, logits.data(), kThreads) == 0, "t2s_prefill_run");
    symbol<void(void*)>("t2s_prefill_free")(job);
    print("prefill", precision, logits);
    lengths[i] = texts[i] + prompts[i], positions[i] = prompts[i];
  }
  const auto step = symbol<int(void*, int, const std::int32_t*, const std::int32_t*, const std::int32_t*,
                               const std::int32_t*, float*, int)>("t2s_step");
  for (int at = 0; at < 6; ++at) {
    for (int i = 0; i < 3; ++i) tokens[i] = (11 * at + 3 * i) % kVocab;
    std::vector<float> logits(3 * kVocab);
    need(step(session, 3, slots, lengths, positions, tokens, logits.data(), kThreads) == 0, "t2s_step");
    print("step", precision, logits);
    for (int i = 0; i < 3; ++i) ++lengths[i], ++positions[i];
  }
  symbol<void(void*)>("t2s_session_free")(session);
  symbol<void(void*)>("t2s_model_free")(model);
}

void encode(int precision) {
  const int sizes[] = {kDim, kHeads, kLayers, kFfn};
  void* encoder = symbol<void*(const int*, float, int, int)>("encoder_new")(sizes, 1e-5f, precision, kGroup);
  need(encoder != nullptr, "encoder_new");
  const auto set = symbol<int(void*, int, int, const void*, int, long long)>("encoder_set");
  Numbers numbers;
  for (int l = 0; l < kLayers; ++l) {
    for (int kind = 0; kind < 16; ++kind) {
      const int wide = kind == 4 || kind == 5 ? kDim * kFfn : kind < 4 ? kDim * kDim : kind == 10 ? kFfn : kDim;
      const bool is_gain = kind == 12 || kind == 14;
      const std::vector<float> data = numbers.many(static_cast<std::size_t>(wide), 0.25f, is_gain ? 1.0f : 0.0f);
      need(set(encoder, l, kind, data.data(), 0, wide) == 0, "encoder_set");
    }
  }
  const auto run = symbol<int(void*, int, int, float*, int, int)>("encoder_run");
  for (int rows : {1, 7, 61}) {
    std::vector<float> state = numbers.many(static_cast<std::size_t>(rows * kDim), 1.0f);
    need(run(encoder, 0, kLayers, state.data(), rows, kThreads) == 0, "encoder_run");
    print("encoder", precision, state);
  }
  symbol<void(void*)>("encoder_free")(encoder);
}

// Generators of two stages with kernels of 3, 7 and 11.
constexpr int kInputs = 12, kInitial = 64, kCondition = 10, kFrames = 23, kRate = 8, kStages = 2;  // kRate: 4 * 2
constexpr int kBlockKernels[] = {3, 7, 11}, kRaising[kStages] = {8, 4};  // 4, 2 and 3, 7, 11 stand in the sizes too

std::vector<int> generator_sizes() {
  std::vector<int> sizes = {kInputs, kInitial, kCondition, kStages, 3, 4, 2, 8, 4, 3, 7, 11};
  for (int k = 0; k < 3; ++k) sizes.insert(sizes.end(), {3, 1, 3, 5});
  return sizes;
}

// Arrays of fixed numbers, and pointers to them.
struct Arrays {
  Numbers numbers;
  std::vector<std::vector<float>> arrays;
  void give(int count, float spread, float offset = 0.0f) {
    arrays.push_back(numbers.many(static_cast<std::size_t>(count), spread, offset));
  }
  void layer(int weights, float spread, int biases, float bias_spread) { give(weights, spread), give(biases, bias_spread); }
  std::vector<const float*> pointers() const {
    std::vector<const float*> found;
    for (const std::vector<float>& array : arrays) found.push_back(array.data());
    return found;
  }
};

// Frames in two unequal pieces.
void speak() {
  Arrays given;
  given.layer(kInitial * kInputs * 7, 0.125f, kInitial, 0.25f);
  given.layer(kInitial * kCondition, 0.25f, kInitial, 0.25f);
  int channels = kInitial;
  for (int s = 0; s < kStages; ++s) {
    const int next = channels / 2;
    given.layer(channels * next * kRaising[s], 0.125f, next, 0.25f);
    for (int kernel : kBlockKernels)
      for (int convolution = 0; convolution < 2 * 3; ++convolution)
        given.layer(next * next * kernel, 0.0625f, next, 0.125f);
    channels = next;
  }
  given.layer(channels * 7, 1.0f, 1, 0.125f);
  const std::vector<const float*> pointers = given.pointers();
  const std::vector<int> sizes = generator_sizes();
  char message[256] = "";
  void* vocoder = symbol<void*(const int*, int, const float* const*, int, char*, int)>("gs_vocoder_new")(
      sizes.data(), static_cast<int>(sizes.size()), pointers.data(), static_cast<int>(pointers.size()), message, 256);
  need(vocoder != nullptr, message);
  Numbers& numbers = given.numbers;
  const std::vector<float> condition = numbers.many(kCondition, 1.0f), frames = numbers.many(kFrames * kInputs, 1.0f);
  void* session = symbol<void*(void*, const float*, char*, int)>("gs_vocoder_open")(vocoder, condition.data(), message, 256);
  need(session != nullptr, message);
  const auto push = symbol<long long(void*, const float*, long long, int, float*, long long, char*, int)>("gs_vocoder_push");
  std::vector<float> audio(kFrames * kRate);
  constexpr int kFirst = 14;
  const long long made = push(session, frames.data(), kFirst, 0, audio.data(), kFrames * kRate, message, 256);
  need(made >= 0, message);
  const long long rest = push(session, frames.data() + kFirst * kInputs, kFrames - kFirst, 1, audio.data() + made,
                              kFrames * kRate - made, message, 256);
  need(made + rest == kFrames * kRate, message);
  print("audio", 0, audio);
  symbol<void(void*)>("gs_vocoder_close")(session);
  symbol<void(void*)>("gs_vocoder_delete")(vocoder);
}

// The same sizes with periodic activations; `tangent` bounds the audio, else it is cut off.
void speak_periodically(int tangent) {
  Arrays given;
  const auto activation = [&](int channels) { given.give(channels, 0.5f, 1.0f), given.give(channels, 0.25f, 0.5f); };
  given.layer(kInitial * kInputs * 7, 0.125f, kInitial, 0.25f);
  int channels = kInitial;
  for (int s = 0; s < kStages; ++s) {
    const int next = channels / 2;
    given.layer(channels * next * kRaising[s], 0.125f, next, 0.25f);
    for (int kernel : kBlockKernels)
      for (int convolution = 0; convolution < 2 * 3; ++convolution) {
        activation(next);
        given.layer(next * next * kernel, 0.0625f, next, 0.125f);
      }
    channels = next;
  }
  activation(channels);
  given.layer(channels * 7, 0.125f, 1, 0.125f);
  given.give(12, 0.5f), given.give(12, 0.25f);  // the filters that raise and lower
  const std::vector<const float*> pointers = given.pointers();
  const std::vector<int> sizes = generator_sizes();
  char message[256] = "";
  void* network = symbol<void*(const int*, int, int, const float* const*, int, char*, int)>("gs_bigvgan_new")(
      sizes.data(), static_cast<int>(sizes.size()), tangent, pointers.data(), static_cast<int>(pointers.size()), message, 256);
  need(network != nullptr, message);
  const std::vector<float> frames = given.numbers.many(kFrames * kInputs, 1.0f);
  std::vector<float> audio(kFrames * kRate);
  need(symbol<int(void*, const float*, long long, float*, char*, int)>("gs_bigvgan_run")(
           network, frames.data(), kFrames, audio.data(), message, 256) == 0, message);
  print(tangent ? "bounded" : "periodic", 0, audio);
  symbol<void(void*)>("gs_bigvgan_delete")(network);
}

}  // namespace

int main(int count, char** arguments) {
  library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : nullptr;
  if (!library) return std::printf("cannot open the library: %s\n", count == 2 ? dlerror() : "none given"), 1;
  std::printf("isa %s\n", symbol<const char*()>("gs_isa")());
  for (int precision : {0, 1, 2}) decode(precision), encode(precision);
  speak();
  for (int tangent : {0, 1}) speak_periodically(tangent);
  return 0;
}
