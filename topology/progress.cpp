#include "topology/progress.h"

#include <fmt/format.h>

#include <cstring>

namespace ebc::topology {
namespace {
constexpr std::size_t kFields = 6;
constexpr std::size_t kLength = 1 + 8 * kFields;
}  // namespace

std::string encode(const Progress& progress) {
  const std::int64_t fields[kFields] = {static_cast<std::int64_t>(progress.generation),
                                        progress.input_next,
                                        progress.repartition_next,
                                        to_ms(progress.clock),
                                        to_ms(progress.written),
                                        progress.inputs_known};
  std::string row(kLength, kProgressFormat);
  std::memcpy(row.data() + 1, fields, sizeof fields);
  return row;
}

Result<Progress> decode_progress(std::string_view row) {
  if (row.size() != kLength || row[0] != kProgressFormat) {
    return Status(Verdict::Fatal, fmt::format("progress row of version {} with {} bytes, this program reads version {} "
                                              "with {}: start the release that wrote it",
                                              row.empty() ? -1 : static_cast<int>(row[0]), row.size(),
                                              static_cast<int>(kProgressFormat), kLength));
  }
  std::int64_t fields[kFields];
  std::memcpy(fields, row.data() + 1, sizeof fields);
  return Progress{.generation = static_cast<std::uint64_t>(fields[0]),
                  .input_next = fields[1],
                  .repartition_next = fields[2],
                  .clock = timestamp_from_ms(fields[3]),
                  .written = timestamp_from_ms(fields[4]),
                  .inputs_known = static_cast<int>(fields[5])};
}

}  // namespace ebc::topology
