// Writes families, labels and samples by appending: fmt's formats take twice the time.
#include "metrics/text.h"

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>

namespace wring::metrics {
namespace {

constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};

template <typename Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> text;  // NOLINT(*-member-init): filled by to_chars
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

template <typename Number>
void append_any(std::string& out, std::string_view name, std::string_view labels, Number value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

// How many bytes the character of UTF-8 at the front takes; 0 if it is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // Forms that are too long, halves of pairs, and what is beyond the last character.
  const unsigned second = byte(1);
  const bool is_bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_bad ? 0 : size;
}

}  // namespace

void begin_family(std::string& out, std::string_view name, Type type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
  out.append(" ").append(kTypes[static_cast<std::size_t>(type)]).append("\n");
}

void append_quoted(std::string& out, std::string_view value) {
  out.push_back('"');
  while (!value.empty()) {
    const std::size_t size = character_size(value);
    if (size == 0) {
      out.push_back('?');
    } else if (value[0] == '\n') {
      out.append("\\n");
    } else {
      if (value[0] == '"' || value[0] == '\\') out.push_back('\\');
      out.append(value.substr(0, size));
    }
    value.remove_prefix(size == 0 ? 1 : size);
  }
  out.push_back('"');
}

void append_label(std::string& labels, std::string_view name, std::string_view value) {
  if (!labels.empty()) labels.push_back(',');
  labels.append(name).append("=");
  append_quoted(labels, value);
}

void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::uint64_t value) {
  append_any(out, name, labels, value);
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  append_any(out, name, labels, value);
}

void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const Distribution& counted, double unit) {
  std::uint64_t so_far = 0;
  const auto bucket = [&](std::string_view limit) {
    std::string all(labels);
    append_label(all, "le", limit);
    append_any(out, std::string(name) + "_bucket", all, so_far);
  };
  for (const Distribution::Class& each : counted.classes) {
    so_far += each.count;
    std::string limit;
    append_number(limit, static_cast<double>(each.up_to) / unit);
    bucket(limit);
  }
  so_far += counted.above;
  bucket("+Inf");
  append_any(out, std::string(name) + "_sum", labels, static_cast<double>(counted.sum) / unit);
  append_any(out, std::string(name) + "_count", labels, so_far);
}

}  // namespace wring::metrics
