#include "app/http/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/http/metric_table.h"

namespace ebc::app {
namespace {

namespace fs = std::filesystem;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> out;
  const auto one = [&out](std::string_view name, double value) { out.push_back(metric_family(name, {{value}})); };
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  if (statm >> pages >> resident) {
    one("process_resident_memory_bytes", resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    one("process_cpu_seconds_total", seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  std::error_code error;
  const auto open = std::distance(fs::directory_iterator("/proc/self/fd", error), fs::directory_iterator());
  if (!error) one("process_open_fds", static_cast<double>(open));
  one("process_start_time_seconds", started_);
  return out;
}

}  // namespace ebc::app
