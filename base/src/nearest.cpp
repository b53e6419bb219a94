#include "evseal/base/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace evseal {
namespace {

// Optimal string alignment distance: insertions, deletions, replacements and swapped neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> now(b.size() + 1);
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before_last[j - 2] + 1);
      }
    }
    before_last = std::move(last);
    last = std::move(now);
  }
  return last[b.size()];
}

// All its characters occur in the name in this order: a shortened name, like min_version.
bool is_shortened(std::string_view text, std::string_view name) {
  for (const char c : name) {
    if (!text.empty() && text.front() == c) {
      text.remove_prefix(1);
    }
  }
  return text.empty();
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view text,
                                             std::span<const std::string_view> known) {
  constexpr std::size_t shortest = 3;
  constexpr std::size_t longest = 64;  // beyond, nothing is a slip of the finger
  std::optional<std::string_view> best;
  if (text.size() > longest) {
    return best;
  }
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(text, name);
    if (distance < name.size() && distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  for (const std::string_view name : known) {
    if (!best && text.size() >= shortest && is_shortened(text, name)) {
      best = name;
    }
  }
  return best;
}

}  // namespace evseal
