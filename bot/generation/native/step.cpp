// One decoding step of a Llama or GPT-2 model on a processor: one token for each running row.
//
// Weights are 8-bit with a scale for each output; they are what a step mostly waits for, so half
// the bytes of bfloat16 is nearly half the time. Activations are 8-bit with a scale for every 32
// of a row: one scale for the whole row cost 1.3 to 1.8 % of held-out loss, because a few numbers
// are far larger than all others. No scale is shared by rows, so nobody's joke depends on who else
// is in the batch.
//
//     x ~ s a          w ~ t (u - 128)          with a in [-127, 127], u in [1, 255]
//     x . w ~ t * sum over groups of s (a . u - 128 sum(a))
//
// The threads of a team go through a step together: work is taken in small pieces from a counter,
// because one of them may have to share its core, and a barrier ends each phase.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>
#if defined(__AVX512VNNI__)
#include <immintrin.h>
#endif

namespace {

constexpr int lanes = 16, vectors = 4, block = lanes * vectors, tile = 3, group = 32;
constexpr int64_t stretch = 256;  // short sums keep float exact enough

enum class Kind { store, add, gated, gelu };

// Shared with Python (bot/generation/native/step.py), field by field.
struct Linear {
    const uint8_t* weights;  // [outputs / block][inputs / 4][block][4]
    const float* scales;     // [outputs]
    const float* bias;       // [outputs]
    int64_t inputs, outputs; // outputs padded to whole blocks
};

struct Layer {
    Linear query_key_value, output, up, down;
};

// How to draw a token for each row; the same arrays as in bot/generation/sampling.py.
struct Draws {
    const float* temperature;
    const int64_t* top_k;
    const float* top_p;
    const float* uniforms;  // [rows][tries + 1]
    int64_t tries;
};

struct Shape {
    int64_t layers, hidden, heads, key_heads, head_size, inner, rotary, centred, gated, read_layer;
    double epsilon;
};

// e^x to about 1e-6 of itself, without a call, so that loops over it use wide registers:
// 2^n from the exponent's bits times the series of e^f, |f| <= ln(2) / 2.
inline float quick_exp(float x) {
    x = std::min(88.0f, std::max(-87.0f, x));
    const float n = std::nearbyint(x * 1.442695041f);
    const float f = x - n * 0.693147181f;
    const float series =
        1 + f * (1 + f * (0.5f + f * (1 / 6.0f + f * (1 / 24.0f + f * (1 / 120.0f + f / 720)))));
    const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return series * power;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + quick_exp(-x)); }

float from_bfloat16(uint16_t bits) {
    uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

uint16_t to_bfloat16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Threads that start and end every phase together. They spin for as long as a phase may take and
// then let others have the core.
class Team {
  public:
    explicit Team(int size) : size_(size) {
        for (int number = 1; number < size; ++number) {
            threads_.emplace_back([this, number] { follow(number); });
        }
    }

    ~Team() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stop_ = true;
            ++round_;
        }
        wake_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    template <class Work> void run(const Work& work) {
        call_ = [](const void* context, int number) {
            (*static_cast<const Work*>(context))(number);
        };
        context_ = &work;
        next_ = 0;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            ++round_;
        }
        wake_.notify_all();
        work(0);
        barrier();
    }

    // Ends a phase; the last to come makes the counter of pieces new.
    void barrier() {
        const unsigned phase = phase_.load(std::memory_order_acquire);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
            arrived_.store(0, std::memory_order_relaxed);
            next_.store(0, std::memory_order_relaxed);
            phase_.store(phase + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; phase_.load(std::memory_order_acquire) == phase; ++spins) {
            if (spins > 20000) std::this_thread::yield();
        }
    }

    int64_t take() { return next_.fetch_add(1, std::memory_order_relaxed); }

  private:
    void follow(int number) {
        unsigned seen = 0;
        while (true) {
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return round_ != seen; });
                seen = round_;
                if (stop_) return;
            }
            call_(context_, number);
            barrier();
        }
    }

    const int size_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable wake_;
    unsigned round_ = 0;
    bool stop_ = false;
    void (*call_)(const void*, int) = nullptr;
    const void* context_ = nullptr;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> phase_{0};
    alignas(64) std::atomic<int64_t> next_{0};
};

// Rows of 8-bit numbers [rows][width] with a scale and a sum for each group of each row.
struct Quantised {
    std::vector<int8_t> values;
    std::vector<float> scales;
    std::vector<int32_t> sums;

    void make_room(int64_t rows, int64_t widest) {
        values.resize(rows * widest);
        scales.resize(rows * groups(widest));
        sums.resize(rows * groups(widest));
    }

    static int64_t groups(int64_t width) { return (width + group - 1) / group; }

    void fill(int64_t row, int64_t width, const float* from) {
        fill_row(row, width, from + row * width, 0, 1);
    }

    // Brought to mean 0 (where `centred`) and mean square 1 first.
    void fill_normal(int64_t row, const Shape& shape, const float* from) {
        const int64_t width = shape.hidden;
        const float* x = from + row * width;
        float mean = 0, square = 0;
        if (shape.centred) {
#pragma omp simd reduction(+ : mean)
            for (int64_t i = 0; i < width; ++i) mean += x[i];
            mean /= width;
        }
#pragma omp simd reduction(+ : square)
        for (int64_t i = 0; i < width; ++i) square += (x[i] - mean) * (x[i] - mean);
        const float factor = 1 / std::sqrt(square / width + static_cast<float>(shape.epsilon));
        fill_row(row, width, x, mean, factor);
    }

  private:
    void fill_row(int64_t row, int64_t width, const float* x, float mean, float factor) {
        int8_t* to = &values[row * width];
        for (int64_t number = 0; number < groups(width); ++number) {
            const int64_t first = number * group, last = std::min(width, first + group);
            float largest = 1e-20f;
#pragma omp simd reduction(max : largest)
            for (int64_t i = first; i < last; ++i) {
                largest = std::max(largest, std::fabs(x[i] - mean));
            }
            const float up = 127 / largest;
            int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t i = first; i < last; ++i) {
                const int32_t near = static_cast<int32_t>(std::nearbyint((x[i] - mean) * up));
                to[i] = static_cast<int8_t>(near);
                sum += near;
            }
            scales[row * groups(width) + number] = largest / 127 * factor;
            sums[row * groups(width) + number] = sum;
        }
    }
};

// Products of some rows, as they stand in `from`, with one block of outputs.
template <int rows>
void products(const uint8_t* weights, const Quantised& from, int64_t first, int64_t width,
              float (&out)[tile][block]) {
    const int64_t groups = Quantised::groups(width);
    const int8_t* values = &from.values[first * width];
    const float* scales = &from.scales[first * groups];
    const int32_t* sums = &from.sums[first * groups];
#if defined(__AVX512VNNI__)
    __m512 total[rows][vectors];
    for (auto& each : total) {
        for (auto& one : each) one = _mm512_setzero_ps();
    }
    for (int64_t number = 0; number < groups; ++number) {
        __m512i sum[rows][vectors];
        for (int row = 0; row < rows; ++row) {
            const __m512i offset = _mm512_set1_epi32(-128 * sums[row * groups + number]);
            for (auto& one : sum[row]) one = offset;
        }
        const int64_t last = std::min(width, (number + 1) * group);
        for (int64_t i = number * group; i < last; i += 4) {
            __m512i weight[vectors];
            for (int v = 0; v < vectors; ++v) weight[v] = _mm512_loadu_si512(weights + v * 64);
            weights += block * 4;
            for (int row = 0; row < rows; ++row) {
                int32_t four;
                std::memcpy(&four, values + row * width + i, sizeof four);
                const __m512i value = _mm512_set1_epi32(four);
                for (int v = 0; v < vectors; ++v) {
                    sum[row][v] = _mm512_dpbusd_epi32(sum[row][v], weight[v], value);
                }
            }
        }
        for (int row = 0; row < rows; ++row) {
            const __m512 scale = _mm512_set1_ps(scales[row * groups + number]);
            for (int v = 0; v < vectors; ++v) {
                total[row][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[row][v]), scale,
                                                total[row][v]);
            }
        }
    }
    for (int row = 0; row < rows; ++row) {
        for (int v = 0; v < vectors; ++v) _mm512_storeu_ps(&out[row][v * lanes], total[row][v]);
    }
#else
    for (int row = 0; row < rows; ++row) {
        std::fill_n(out[row], block, 0.0f);
        const uint8_t* weight = weights;
        for (int64_t number = 0; number < groups; ++number) {
            int32_t sum[block];
            std::fill_n(sum, block, -128 * sums[row * groups + number]);
            const int64_t last = std::min(width, (number + 1) * group);
            for (int64_t i = number * group; i < last; i += 4, weight += block * 4) {
                const int8_t* value = values + row * width + i;
                for (int j = 0; j < block; ++j) {
                    for (int k = 0; k < 4; ++k) sum[j] += weight[j * 4 + k] * value[k];
                }
            }
            for (int j = 0; j < block; ++j) {
                out[row][j] += static_cast<float>(sum[j]) * scales[row * groups + number];
            }
        }
    }
#endif
}

class Decoder {
  public:
    Decoder(const Shape& shape, const Layer* layers, const Linear& head, const float* cosines,
            const float* sines, int threads)
        : shape_(shape), layers_(layers, layers + shape.layers), head_(head), cosines_(cosines),
          sines_(sines), team_(threads), scores_(threads), chances_(threads) {}

    // x [rows, hidden] begins as embeddings; keys and values are [slots, key heads, capacity,
    // head size] in bfloat16, one pair a layer.
    void step(int64_t rows, const int64_t* positions, float* x, uint16_t* const* keys,
              uint16_t* const* values, int64_t capacity, float* logits, float* read) {
        const int64_t wide = shape_.heads * shape_.head_size;
        const int64_t projected = layers_[0].query_key_value.outputs;
        projected_.resize(rows * projected);
        attended_.resize(rows * wide);
        inner_.resize(rows * shape_.inner);
        quantised_.make_room(rows, std::max({shape_.hidden, wide, shape_.inner}));
        team_.run([&](int number) {
            for (int64_t layer = 0; layer < shape_.layers; ++layer) {
                const Layer& weights = layers_[layer];
                each_row(rows, [&](int64_t row) { quantised_.fill_normal(row, shape_, x); });
                multiply(weights.query_key_value, Kind::store, rows, projected_.data(),
                         projected);
                attend(number, rows, positions, keys[layer], values[layer], capacity, projected);
                each_row(rows, [&](int64_t row) { quantised_.fill(row, wide, attended_.data()); });
                multiply(weights.output, Kind::add, rows, x, shape_.hidden);
                each_row(rows, [&](int64_t row) { quantised_.fill_normal(row, shape_, x); });
                multiply(weights.up, shape_.gated ? Kind::gated : Kind::gelu, rows, inner_.data(),
                         shape_.inner);
                each_row(rows, [&](int64_t row) {
                    quantised_.fill(row, shape_.inner, inner_.data());
                });
                multiply(weights.down, Kind::add, rows, x, shape_.hidden);
                if (layer == shape_.read_layer && number == 0) {
                    std::copy_n(x, rows * shape_.hidden, read);
                }
            }
            each_row(rows, [&](int64_t row) { quantised_.fill_normal(row, shape_, x); });
            multiply(head_, Kind::store, rows, logits, head_.outputs);
        });
    }

    // As `sample` in sampling.py does: from the whole distribution, kept if inside the nucleus.
    // A row that misses every time has the token -1.
    void draw(int64_t rows, const float* logits, int64_t stride, int64_t vocabulary,
              const Draws& draws, int64_t* tokens, float* logprobs) {
        team_.run([&](int number) {
            each_row(rows, [&](int64_t row) {
                chances_[number].resize(vocabulary);
                draw_row(row, logits + row * stride, vocabulary, draws, chances_[number].data(),
                         tokens, logprobs);
            });
        });
    }

  private:
    static void draw_row(int64_t row, const float* logits, int64_t vocabulary, const Draws& draws,
                         float* chances, int64_t* tokens, float* logprobs) {
        float largest = logits[0], mass = 0;
#pragma omp simd reduction(max : largest)
        for (int64_t i = 0; i < vocabulary; ++i) largest = std::max(largest, logits[i]);
#pragma omp simd reduction(+ : mass)
        for (int64_t i = 0; i < vocabulary; ++i) mass += quick_exp(logits[i] - largest);
        const int64_t token =
            draws.temperature[row] == 0
                ? std::find(logits, logits + vocabulary, largest) - logits
                : draw_inside(row, logits, largest, vocabulary, draws, chances);
        tokens[row] = token;
        logprobs[row] = token < 0 ? 0 : logits[token] - largest - std::log(mass);
    }

    static int64_t draw_inside(int64_t row, const float* logits, float largest, int64_t vocabulary,
                               const Draws& draws, float* chances) {
        const float sharpness = 1 / draws.temperature[row];
        double total = 0;
        for (int64_t first = 0; first < vocabulary; first += stretch) {
            total += stretch_sum(first, vocabulary, [&](int64_t i) {
                return chances[i] = quick_exp((logits[i] - largest) * sharpness);
            });
        }
        for (int64_t each = 0; each < draws.tries; ++each) {
            const double target = draws.uniforms[row * (draws.tries + 1) + each] * total;
            const int64_t token = reached(target, chances, vocabulary);
            const float chance = chances[token];
            double likelier = 0;
            int64_t count = 0;
            for (int64_t first = 0; first < vocabulary; first += stretch) {
                likelier += stretch_sum(first, vocabulary, [&](int64_t i) {
                    return chances[i] > chance ? chances[i] : 0.0f;
                });
            }
#pragma omp simd reduction(+ : count)
            for (int64_t i = 0; i < vocabulary; ++i) count += chances[i] > chance;
            if (likelier < draws.top_p[row] * total && count < draws.top_k[row]) return token;
        }
        return -1;
    }

    // The token at which the running sum passes the target; rounding may leave it past the last.
    static int64_t reached(double target, const float* chances, int64_t vocabulary) {
        double running = 0;
        int64_t last = 0;
        for (int64_t first = 0; first < vocabulary; first += stretch) {
            const float sum = stretch_sum(first, vocabulary, [&](int64_t i) { return chances[i]; });
            if (running + sum > target || first + stretch >= vocabulary) {
                const int64_t end = std::min(vocabulary, first + stretch);
                for (int64_t i = first; i < end; ++i) {
                    if (chances[i] > 0) last = i;
                    running += chances[i];
                    if (running > target) return i;
                }
            } else {
                running += sum;
            }
        }
        return last;
    }

    template <class Value>
    static float stretch_sum(int64_t first, int64_t vocabulary, const Value& value) {
        const int64_t end = std::min(vocabulary, first + stretch);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = first; i < end; ++i) sum += value(i);
        return sum;
    }

    template <class Work> void each_row(int64_t rows, const Work& work) {
        for (int64_t row; (row = team_.take()) < rows;) work(row);
        team_.barrier();
    }

    void multiply(const Linear& linear, Kind kind, int64_t rows, float* to, int64_t stride) {
        const int64_t blocks = linear.outputs / block;
        const int64_t tiles = (rows + tile - 1) / tile;
        // Few blocks are cut by rows too, or threads would wait for the one that has the last.
        const int64_t cuts = blocks < 32 ? std::min<int64_t>(tiles, 2) : 1;
        for (int64_t piece; (piece = team_.take()) < blocks * cuts;) {
            const int64_t at = piece / cuts, cut = piece % cuts;
            for (int64_t each = tiles * cut / cuts; each < tiles * (cut + 1) / cuts; ++each) {
                const int64_t first = rows * each / tiles, last = rows * (each + 1) / tiles;
                multiply_tile(linear, kind, at, first, last - first, to, stride);
            }
        }
        team_.barrier();
    }

    void multiply_tile(const Linear& linear, Kind kind, int64_t at, int64_t first, int64_t count,
                       float* to, int64_t stride) {
        alignas(64) float out[tile][block];
        const uint8_t* weights = linear.weights + at * block * linear.inputs;
        switch (count) {
        case 1: products<1>(weights, quantised_, first, linear.inputs, out); break;
        case 2: products<2>(weights, quantised_, first, linear.inputs, out); break;
        default: products<3>(weights, quantised_, first, linear.inputs, out);
        }
        const float* scales = linear.scales + at * block;
        const float* bias = linear.bias + at * block;
        for (int64_t row = 0; row < count; ++row) {
            for (int j = 0; j < block; ++j) out[row][j] = out[row][j] * scales[j] + bias[j];
            write(kind, at, out[row], to + (first + row) * stride, stride);
        }
    }

    static void write(Kind kind, int64_t at, const float* out, float* row, int64_t stride) {
        constexpr int half = block / 2;
        if (kind == Kind::gated) {  // half a block of gates, then what they let through
            const int64_t count = std::min<int64_t>(half, stride - at * half);
            for (int j = 0; j < count; ++j) {
                row[at * half + j] = out[j] * sigmoid(out[j]) * out[half + j];
            }
            return;
        }
        float* to = row + at * block;
        const int64_t count = std::min<int64_t>(block, stride - at * block);
        switch (kind) {
        case Kind::add:
            for (int j = 0; j < count; ++j) to[j] += out[j];
            break;
        case Kind::gelu:  // by tanh, as GPT-2 has it
            for (int j = 0; j < count; ++j) {
                const float u = out[j] + 0.044715f * out[j] * out[j] * out[j];
                to[j] = out[j] * sigmoid(1.5957691216f * u);
            }
            break;
        default:
            for (int j = 0; j < count; ++j) to[j] = out[j];
        }
    }

    // A piece is one row and one key head with the query heads that share it.
    void attend(int number, int64_t rows, const int64_t* positions, uint16_t* keys,
                uint16_t* values, int64_t capacity, int64_t stride) {
        const int64_t size = shape_.head_size, shared = shape_.heads / shape_.key_heads;
        auto& scores = scores_[number];
        for (int64_t piece; (piece = team_.take()) < rows * shape_.key_heads;) {
            const int64_t row = piece / shape_.key_heads, head = piece % shape_.key_heads;
            const int64_t position = positions[row], length = position + 1;
            float* query = &projected_[row * stride + head * shared * size];
            float* key = &projected_[row * stride + (shape_.heads + head) * size];
            const float* value = key + shape_.key_heads * size;
            uint16_t* past_keys = keys + (row * shape_.key_heads + head) * capacity * size;
            uint16_t* past_values = values + (row * shape_.key_heads + head) * capacity * size;
            if (shape_.rotary) {
                for (int64_t each = 0; each < shared; ++each) rotate(query + each * size, position);
                rotate(key, position);
            }
            for (int64_t i = 0; i < size; ++i) {
                past_keys[position * size + i] = to_bfloat16(key[i]);
                past_values[position * size + i] = to_bfloat16(value[i]);
            }
            scores.resize(length);
            const float scale = 1 / std::sqrt(static_cast<float>(size));
            for (int64_t each = 0; each < shared; ++each) {
                const float* asked = query + each * size;
                float largest = -INFINITY, total = 0;
                for (int64_t at = 0; at < length; ++at) {
                    const uint16_t* past = past_keys + at * size;
                    float sum = 0;
#pragma omp simd reduction(+ : sum)
                    for (int64_t i = 0; i < size; ++i) sum += asked[i] * from_bfloat16(past[i]);
                    scores[at] = sum * scale;
                    largest = std::max(largest, scores[at]);
                }
                float* chances = scores.data();
#pragma omp simd reduction(+ : total)
                for (int64_t at = 0; at < length; ++at) {
                    chances[at] = quick_exp(chances[at] - largest);
                    total += chances[at];
                }
                float* out = &attended_[(row * shape_.heads + head * shared + each) * size];
                std::fill_n(out, size, 0.0f);
                for (int64_t at = 0; at < length; ++at) {
                    const uint16_t* past = past_values + at * size;
                    const float weight = scores[at] / total;
                    for (int64_t i = 0; i < size; ++i) out[i] += weight * from_bfloat16(past[i]);
                }
            }
        }
        team_.barrier();
    }

    // Pairs of one half with the other, as transformers lays them out.
    void rotate(float* x, int64_t position) const {
        const int64_t half = shape_.head_size / 2;
        for (int64_t i = 0; i < half; ++i) {
            const float cosine = cosines_[position * half + i], sine = sines_[position * half + i];
            const float first = x[i], second = x[half + i];
            x[i] = first * cosine - second * sine;
            x[half + i] = second * cosine + first * sine;
        }
    }

    const Shape shape_;
    const std::vector<Layer> layers_;
    const Linear head_;
    const float *cosines_, *sines_;
    Team team_;
    Quantised quantised_;
    std::vector<std::vector<float>> scores_, chances_;
    std::vector<float> projected_, attended_, inner_;
};

}  // namespace

extern "C" {

void* decoder_new(const Shape* shape, const Layer* layers, const Linear* head,
                  const float* cosines, const float* sines, int threads) {
    return new Decoder(*shape, layers, *head, cosines, sines, threads);
}

void decoder_step(void* decoder, int64_t rows, const int64_t* positions, float* x,
                  uint16_t* const* keys, uint16_t* const* values, int64_t capacity, float* logits,
                  float* read) {
    static_cast<Decoder*>(decoder)->step(rows, positions, x, keys, values, capacity, logits, read);
}

void decoder_draw(void* decoder, int64_t rows, const float* logits, int64_t stride,
                  int64_t vocabulary, const Draws* draws, int64_t* tokens, float* logprobs) {
    static_cast<Decoder*>(decoder)->draw(rows, logits, stride, vocabulary, *draws, tokens,
                                         logprobs);
}

void decoder_delete(void* decoder) { delete static_cast<Decoder*>(decoder); }
}
