#include "topology/client_version.h"

namespace ebc::topology {
namespace {
constexpr int kAdvised = 0x020a0100;  ///< 2.10.1
}

ClientRemark remark_on_client(int version) {
  switch (version >> 8) {
    case 0x020500:
      return {.refused = true,
              .text =
                  "librdkafka 2.5.0 aborts the process when the broker asks for client metrics; use another version, "
                  "2.10.1 or later"};
    case 0x020a00:
      return {.refused = true,
              .text = "librdkafka 2.10.0 can use freed memory and loop when all brokers are away; use 2.10.1 or later"};
    default:
      break;
  }
  if (version >= kAdvised) return {};
  return {
      .refused = false,
      .text =
          "librdkafka older than 2.10.1 works, but is slower to notice brokers that are gone; a later one is advised"};
}

}  // namespace ebc::topology
