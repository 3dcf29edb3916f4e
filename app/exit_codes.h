// What the program's exit code says. Part of the contract with scripts: never change these values.
#pragma once

namespace ebc::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  ///< the thing asked for failed
inline constexpr int kExitUsage = 2;   ///< wrong use or configuration, topics and taken ports included
inline constexpr int kExitKafka = 3;   ///< Kafka not reached in time, or it refuses us
inline constexpr int kExitState = 4;   ///< the local state can't be used

}  // namespace ebc::app
