#include "topology/held_records.h"

namespace ebc::topology {

void HeldRecords::add(const SinkRecord& record) {
  if (count_ == entries_.size()) entries_.emplace_back();
  Entry& entry = entries_[count_++];
  entry.text.clear();
  entry.headers.clear();
  const auto keep = [&entry](const std::optional<std::string_view>& text) {
    const Piece piece{entry.text.size(), text.value_or("").size(), !text.has_value()};
    entry.text.append(text.value_or(""));
    return piece;
  };
  entry.topic = keep(record.topic);
  entry.key = keep(record.key);
  entry.value = keep(record.value);
  for (const Header& header : record.headers) {
    const Piece name = keep(header.name);
    entry.headers.emplace_back(name, keep(header.value));
  }
  entry.rest = record;
  bytes_ += entry.text.size();
}

SinkRecord HeldRecords::view_of(const Entry& entry) {
  const std::string_view text = entry.text;
  const auto view = [text](const Piece& piece) -> std::optional<std::string_view> {
    if (piece.null) return std::nullopt;
    return text.substr(piece.begin, piece.size);
  };
  headers_.clear();
  for (const auto& [name, value] : entry.headers) headers_.push_back({*view(name), view(value)});
  SinkRecord record = entry.rest;
  record.topic = *view(entry.topic);
  record.key = view(entry.key);
  record.value = view(entry.value);
  record.headers = headers_;
  return record;
}

}  // namespace ebc::topology
