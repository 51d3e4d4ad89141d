// The text form that Prometheus reads (version 0.0.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "device/engine_counts.h"

namespace wring::metrics {

enum class Type : std::uint8_t { kCounter, kGauge, kHistogram };

// Begins a family: all its samples follow, and no others.
void begin_family(std::string& out, std::string_view name, Type type, std::string_view help);

// `value` between two quotes, with what would end it escaped. What is no UTF-8 becomes '?', because
// Prometheus refuses all of a page that has such a byte in it.
void append_quoted(std::string& out, std::string_view value);
// `name="value"`, behind a comma if there are labels before it.
void append_label(std::string& labels, std::string_view name, std::string_view value);

// NAME{LABELS} VALUE. `labels` were made by append_label(); empty: none.
void append_sample(std::string& out, std::string_view name, std::string_view labels,
                   std::uint64_t value);
void append_sample(std::string& out, std::string_view name, std::string_view labels, double value);
// The samples of a histogram. Limits and sum are divided by `unit`: 1e6 makes seconds of
// microseconds.
void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const Distribution& counted, double unit);

}  // namespace wring::metrics
