// Gradients of many STSTNets over the same clips: one pass per clip and network, in the cache.
//
// The 16 filters of a network are the 16 lanes of a vector. Of the nine positions of a pooling cell
// only the largest passes a gradient on, so the products are never stored, and the gradient of the
// filters is a sum of winning patches. Compiled by ststnet_kernel.py where there is a compiler.

#include <cmath>
#include <cstdint>

namespace {

constexpr int kLanes = 16, kTaps = 28, kPadded = 32, kPositions = 9, kSide = 10, kMostClasses = 16;
constexpr int kCells = kSide * kSide, kPools = kCells / 4;

typedef float Vector __attribute__((vector_size(4 * kLanes), aligned(4)));
typedef int32_t Index __attribute__((vector_size(4 * kLanes), aligned(4)));

inline const Vector& at(const float* place) { return *reinterpret_cast<const Vector*>(place); }
inline Vector& at(float* place) { return *reinterpret_cast<Vector*>(place); }

// The largest of nine products per filter, and which one: filters [28, 16], patches [9, 32].
inline void compare(const float* filters, const float* patches, Vector& best, Index& where) {
  Vector sum[kPositions];
  for (int p = 0; p < kPositions; ++p) sum[p] = at(filters) * patches[p * kPadded];
  for (int tap = 1; tap < kTaps; ++tap) {
    const Vector own = at(filters + tap * kLanes);
    for (int p = 0; p < kPositions; ++p) sum[p] += own * patches[p * kPadded + tap];
  }
  best = sum[0];
  where = Index{};
  for (int p = 1; p < kPositions; ++p) {
    const Index more = sum[p] > best;
    best = more ? sum[p] : best;
    where = more ? Index{} + p : where;
  }
}

inline int cell_of(int pool, int quarter) {
  return (2 * (pool / 5) + quarter / 2) * kSide + 2 * (pool % 5) + quarter % 2;
}

float total(const Vector& v) {
  float sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += v[lane];
  return sum;
}

// Slope of the weighted cross entropy at the logits; pooled [25], head [K, 25, 16].
void slopes(const Vector* pooled, const float* head, const float* bias, int classes, int64_t label,
            float weight, float* slope) {
  float most = -INFINITY, sum = 0;
  for (int k = 0; k < classes; ++k) {
    Vector line{};
    for (int j = 0; j < kPools; ++j) line += pooled[j] * at(head + (k * kPools + j) * kLanes);
    slope[k] = total(line) + bias[k];
    most = std::fmax(most, slope[k]);
  }
  for (int k = 0; k < classes; ++k) sum += slope[k] = std::exp(slope[k] - most);
  for (int k = 0; k < classes; ++k) slope[k] = (slope[k] / sum - (k == label)) * weight;
}

// Adds the gradients of one network on one clip: patches [100, 9, 32].
void add_clip(const float* patches, int64_t label, float weight, int classes, const float* filters,
              const float* head, const float* bias, float* to_filters, float* to_head,
              float* to_bias) {
  Vector pooled[kPools];
  Index winner[kCells];  // -1 where the cell passes nothing on
  for (int j = 0; j < kPools; ++j) {
    pooled[j] = Vector{};
    for (int quarter = 0; quarter < 4; ++quarter) {
      const int cell = cell_of(j, quarter);
      Vector best;
      Index where;
      compare(filters, patches + cell * kPositions * kPadded, best, where);
      const Index alive = best > 0.0f;
      pooled[j] += alive ? best * 0.25f : Vector{};
      winner[cell] = alive ? where : Index{} - 1;
    }
  }
  float slope[kMostClasses];
  slopes(pooled, head, bias, classes, label, weight, slope);
  for (int k = 0; k < classes; ++k) to_bias[k] += slope[k];
  for (int j = 0; j < kPools; ++j) {
    Vector back{};
    for (int k = 0; k < classes; ++k) {
      const int place = (k * kPools + j) * kLanes;
      at(to_head + place) += pooled[j] * slope[k];
      back += at(head + place) * slope[k];
    }
    back *= 0.25f;
    for (int quarter = 0; quarter < 4; ++quarter) {
      const int cell = cell_of(j, quarter);
      const Vector spread = winner[cell] < 0 ? Vector{} : back;
      for (int lane = 0; lane < kLanes; ++lane) {
        const int place = winner[cell][lane] < 0 ? 0 : winner[cell][lane];
        const float* patch = patches + (cell * kPositions + place) * kPadded;
        at(to_filters + lane * kPadded) += at(patch) * spread[lane];
        at(to_filters + lane * kPadded + kLanes) += at(patch + kLanes) * spread[lane];
      }
    }
  }
}

}  // namespace

// Gradients, added up over `count` clips, of networks `first` to `last` (not included):
// patches [N, 100, 9, 32], labels [N], clips [count], weight [F, count], filters [F, 28, 16],
// head [F, K, 25, 16], bias [F, K] -> to_filters [F, 16, 32], to_head as head, to_bias as bias.
extern "C" void sum_clips(const float* patches, const int64_t* labels, const int64_t* clips,
                          const float* weight, const float* filters, const float* head,
                          const float* bias, int64_t count, int64_t classes, int64_t first,
                          int64_t last, float* to_filters, float* to_head, float* to_bias) {
  for (int64_t b = 0; b < count; ++b) {
    const float* own = patches + clips[b] * kCells * kPositions * kPadded;
    for (int64_t f = first; f < last; ++f) {
      if (weight[f * count + b] == 0.0f) continue;  // the clip is not the network's own
      const int64_t place = f * classes * kPools * kLanes;
      add_clip(own, labels[clips[b]], weight[f * count + b], static_cast<int>(classes),
               filters + f * kTaps * kLanes, head + place, bias + f * classes,
               to_filters + f * kLanes * kPadded, to_head + place, to_bias + f * classes);
    }
  }
}
