#include "app/options/values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace ebc::app {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array kDurationUnits{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"min", 60'000}, Unit{"h", 3'600'000},
                                    Unit{"d", 86'400'000}};
constexpr std::array kByteUnits{Unit{"B", 1}, Unit{"KiB", 1LL << 10}, Unit{"MiB", 1LL << 20}, Unit{"GiB", 1LL << 30}};
// Beyond this a double no longer holds every whole number.
constexpr double kLargestExact = 9'007'199'254'740'992.0;

Status fault(std::string message) { return {Verdict::Fatal, std::move(message)}; }

struct Quantity {
  double number;
  std::string_view unit;
};

// Digits with an optional fraction, then letters. No sign and no exponent: nobody means those.
std::optional<Quantity> split_quantity(std::string_view text) {
  const auto end_of_number = text.find_first_not_of("0123456789.");
  const auto digits = text.substr(0, end_of_number);
  if (digits.empty() || digits.front() == '.' || digits.back() == '.') return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return Quantity{number,
                  end_of_number == std::string_view::npos ? std::string_view{} : trim(text.substr(end_of_number))};
}

std::optional<std::int64_t> scale(double number, std::int64_t factor) {
  const double scaled = number * static_cast<double>(factor);
  if (!(scaled <= kLargestExact)) return std::nullopt;
  const double rounded = std::round(scaled);
  if (std::abs(rounded - scaled) > 1e-6) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

template <std::size_t N>
std::optional<std::int64_t> in_units(const Quantity& quantity, const std::array<Unit, N>& units) {
  for (const auto& unit : units) {
    if (unit.name == quantity.unit) return scale(quantity.number, unit.factor);
  }
  return std::nullopt;
}

// Two or four digits at a fixed place of an RFC 3339 time.
std::optional<int> digits_at(std::string_view text, std::size_t from, std::size_t count) {
  if (from + count > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto y = digits_at(text, 0, 4), mo = digits_at(text, 5, 2), d = digits_at(text, 8, 2);
  const auto h = digits_at(text, 11, 2), mi = digits_at(text, 14, 2), s = digits_at(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || *h > 23 || *mi > 59 || *s > 59 || text.back() != 'Z') {
    return std::nullopt;
  }
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  int ms = 0;
  auto rest = text.substr(19, text.size() - 20);
  if (!rest.empty()) {
    if (rest.front() != '.' || rest.size() < 2) return std::nullopt;
    int weight = 100;
    for (const char c : rest.substr(1)) {
      if (c < '0' || c > '9') return std::nullopt;
      ms += (c - '0') * weight;
      weight /= 10;
    }
  }
  return Timestamp{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + milliseconds{ms};
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<Duration> parse_duration(std::string_view text) {
  text = trim(text);
  const auto expected = [&] {
    return fault(fmt::format("\"{}\" is no duration; write a number and ms, s, min, h or d, like 30s", text));
  };
  const auto quantity = split_quantity(text);
  if (!quantity) return expected();
  if (quantity->unit.empty()) {
    if (quantity->number == 0) return Duration{0};
    return fault(fmt::format("\"{0}\" has no unit; write {0}s for seconds or {0}ms for milliseconds", text));
  }
  const auto ms = in_units(*quantity, kDurationUnits);
  if (!ms) return expected();
  return Duration{*ms};
}

Result<std::int64_t> parse_bytes(std::string_view text) {
  text = trim(text);
  auto quantity = split_quantity(text);
  if (quantity && quantity->unit.empty()) quantity->unit = "B";
  const auto bytes = quantity ? in_units(*quantity, kByteUnits) : std::nullopt;
  if (!bytes) return fault(fmt::format("\"{}\" is no size; write bytes, or a number and KiB, MiB or GiB", text));
  return *bytes;
}

Result<std::int64_t> parse_integer(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fault(fmt::format("\"{}\" is no whole number", text));
  }
  return value;
}

Result<bool> parse_switch(std::string_view text) {
  text = trim(text);
  for (const auto word : {"true", "yes", "on", "1"}) {
    if (text == word) return true;
  }
  for (const auto word : {"false", "no", "off", "0"}) {
    if (text == word) return false;
  }
  return fault(fmt::format("\"{}\" is neither true nor false", text));
}

Result<Timestamp> parse_time(std::string_view text) {
  text = trim(text);
  if (!text.empty()) {
    if (const auto time = parse_rfc3339(text)) return *time;
    if (const auto ms = parse_integer(text); ms.ok() && ms.value() >= 0) return timestamp_from_ms(ms.value());
  }
  return fault(
      fmt::format("\"{}\" is no time; write it like 2026-07-17T23:38:21Z, or as milliseconds since 1970", text));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto part = trim(text.substr(0, comma)); !part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

std::string format_duration(Duration duration) {
  for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
    if (duration.count() % unit->factor == 0 && duration.count() != 0) {
      return fmt::format("{}{}", duration.count() / unit->factor, unit->name);
    }
  }
  return "0";
}

}  // namespace ebc::app
