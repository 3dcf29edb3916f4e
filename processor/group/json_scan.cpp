#include "processor/group/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ebc::group {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

/// The high bit of each byte that is zero; bytes above the first such byte may be marked wrongly.
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

/// The first quote, backslash or control character at or after `at`; `end` when there is none.
const char* find_special(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t hits = zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) | control;
    if (hits != 0) return at + std::countr_zero(hits) / 8;
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

unsigned hex4(const char* at) {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) value = value * 16 + static_cast<unsigned>(hex_digit(at[i]));
  return value;
}

void append_utf8(unsigned code, std::string& out) {
  const auto put = [&out](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6), put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
  }
}

char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

/// The letter of a control character's short escape; 0 when it has none.
char short_escape(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '"':
    case '\\':
      return c;
    default:
      return 0;
  }
}

}  // namespace

JsonScanner::JsonScanner(std::string_view text, int max_depth)
    : at_(text.data()), end_(text.data() + text.size()), depth_left_(std::min(max_depth, kDeepestJson)) {}

bool JsonScanner::fail(JsonFault fault) {
  if (fault_ == JsonFault::None) fault_ = fault;
  return false;
}

void JsonScanner::blanks() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool JsonScanner::begin(char bracket) {
  blanks();
  if (at_ == end_ || *at_ != bracket) return false;
  ++at_;
  first_ = true;
  // A depth of nothing lets next_member() fail at once.
  if (--depth_left_ < 0) fail(JsonFault::TooDeep);
  return true;
}

/// Stands before a member or element: true when there is one, false at the end of the text or a fault.
bool JsonScanner::separator(char closing) {
  if (fault_ != JsonFault::None) return false;
  blanks();
  if (at_ == end_) return fail(JsonFault::Malformed);
  if (*at_ == closing) {
    ++at_;
    blanks();
    return at_ == end_ ? false : fail(JsonFault::Malformed);
  }
  if (!first_) {
    if (*at_ != ',') return fail(JsonFault::Malformed);
    ++at_;
    blanks();
  }
  first_ = false;
  return true;
}

bool JsonScanner::next_member(JsonValue& key, JsonValue& out) {
  if (!separator('}') || !string(key)) return false;
  blanks();
  if (at_ == end_ || *at_ != ':') return fail(JsonFault::Malformed);
  ++at_;
  blanks();
  return value(out);
}

bool JsonScanner::next_element(JsonValue& out) { return separator(']') && value(out); }

bool JsonScanner::whole(JsonValue& out) {
  blanks();
  if (!value(out)) return false;
  blanks();
  return at_ == end_ || fail(JsonFault::Malformed);
}

bool JsonScanner::value(JsonValue& out) {
  if (at_ == end_) return fail(JsonFault::Malformed);
  const char* start = at_;
  switch (*at_) {
    case '"':
      return string(out);
    case '{':
    case '[':
      return container(out);
    case 't':
      out.kind = JsonKind::True;
      return literal("true") && (out.text = {start, 4}, true);
    case 'f':
      out.kind = JsonKind::False;
      return literal("false") && (out.text = {start, 5}, true);
    case 'n':
      out.kind = JsonKind::Null;
      return literal("null") && (out.text = {start, 4}, true);
    default:
      return number(out);
  }
}

bool JsonScanner::literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view{at_, word.size()} != word) {
    return fail(JsonFault::Malformed);
  }
  at_ += word.size();
  return true;
}

bool JsonScanner::string(JsonValue& out) {
  if (at_ == end_ || *at_ != '"') return fail(JsonFault::Malformed);
  const char* start = at_++;
  out.kind = JsonKind::String;
  out.escaped = false;
  while (true) {
    at_ = find_special(at_, end_);
    if (at_ == end_) return fail(JsonFault::Malformed);
    if (*at_ == '"') break;
    if (*at_ != '\\' || !escape()) return fail(JsonFault::Malformed);
    out.escaped = true;
  }
  ++at_;
  out.text = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonScanner::escape() {
  if (end_ - at_ < 2) return false;
  if (at_[1] == 'u') {
    if (end_ - at_ < 6) return false;
    for (int i = 2; i < 6; ++i) {
      if (hex_digit(at_[i]) < 0) return false;
    }
    at_ += 6;
    return true;
  }
  if (std::string_view{"\"\\/bfnrt"}.find(at_[1]) == std::string_view::npos) return false;
  at_ += 2;
  return true;
}

bool JsonScanner::number(JsonValue& out) {
  const char* start = at_;
  const auto digits = [this] {
    const char* from = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  };
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
  } else if (!digits()) {
    return fail(JsonFault::Malformed);
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return fail(JsonFault::Malformed);
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return fail(JsonFault::Malformed);
  }
  out.kind = JsonKind::Number;
  out.text = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonScanner::container(JsonValue& out) {
  const char* start = at_;
  const bool object = *at_++ == '{';
  if (--depth_left_ < 0) return fail(JsonFault::TooDeep);
  if (!members(object ? '}' : ']')) return false;
  ++depth_left_;
  out.kind = object ? JsonKind::Object : JsonKind::Array;
  out.text = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

/// Everything up to and with the closing bracket.
bool JsonScanner::members(char closing) {
  blanks();
  if (at_ != end_ && *at_ == closing) return ++at_, true;
  JsonValue ignored;
  while (true) {
    if (closing == '}') {
      if (!string(ignored)) return false;
      blanks();
      if (at_ == end_ || *at_ != ':') return fail(JsonFault::Malformed);
      ++at_;
      blanks();
    }
    if (!value(ignored)) return false;
    blanks();
    if (at_ == end_) return fail(JsonFault::Malformed);
    const char c = *at_++;
    if (c == closing) return true;
    if (c != ',') return fail(JsonFault::Malformed);
    blanks();
  }
}

bool append_unescaped(std::string_view inside, std::string& out) {
  const char* at = inside.data();
  const char* const end = at + inside.size();
  while (at != end) {
    if (*at != '\\') {
      out.push_back(*at++);
      continue;
    }
    if (at[1] != 'u') {
      out.push_back(unescaped(at[1]));
      at += 2;
      continue;
    }
    unsigned code = hex4(at + 2);
    at += 6;
    if (code >= 0xDC00 && code <= 0xDFFF) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return false;
      const unsigned low = hex4(at + 2);
      if (low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at += 6;
    }
    append_utf8(code, out);
  }
  return true;
}

void append_quoted(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out.push_back('"');
  while (true) {
    const char* special = find_special(at, end);
    out.append(at, special);
    if (special == end) break;
    if (const char letter = short_escape(*special); letter != 0) {
      out.push_back('\\');
      out.push_back(letter);
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(*special);
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
    at = special + 1;
  }
  out.push_back('"');
}

std::size_t quoted_size(std::string_view text) {
  std::size_t size = text.size() + 2;
  const char* at = text.data();
  const char* const end = at + text.size();
  while ((at = find_special(at, end)) != end) size += short_escape(*at++) != 0 ? 1 : 5;
  return size;
}

}  // namespace ebc::group
