#include "state/changelog_codec.h"

#include <fmt/format.h>

namespace ebc::state {

ChangelogRecord encode_changelog(const Write& write, std::string& scratch) {
  if (!write.value) return {write.key, std::nullopt};
  scratch.clear();
  scratch.reserve(1 + write.value->size());
  scratch.push_back(static_cast<char>(kChangelogFormat));
  scratch.append(*write.value);
  return {write.key, scratch};
}

Result<Write> decode_changelog(std::optional<std::string_view> key, std::optional<std::string_view> value) {
  if (!key || key->empty()) {
    return Status{
        Verdict::Fatal,
        "the record has no key, so it was not written by this application: find out who else writes to the topic"};
  }
  if (!value) return Write{*key, std::nullopt};
  if (value->empty()) {
    return Status{
        Verdict::Fatal,
        "the value is empty where a format byte belongs, so it was not written by this application: find out who "
        "else writes to the topic"};
  }
  const auto version = static_cast<unsigned char>(value->front());
  if (version != kChangelogFormat) {
    return Status{Verdict::Fatal,
                  fmt::format("the value has format {}, but this program reads format {} only: run the version "
                              "that wrote it, or a later one",
                              version, kChangelogFormat)};
  }
  return Write{*key, value->substr(1)};
}

}  // namespace ebc::state
