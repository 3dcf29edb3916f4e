# The table of scripts/check-includes, one function a question. Reads sources, prints "FILE:LINE: fault".

function layer_of(path) {
  if (path ~ /^processor\/api\//) return "processor/api"
  if (path ~ /^processor\//) return "processor/group"
  if (path ~ /^topology\/testing\//) return "topology/testing"
  sub(/\/.*/, "", path)
  return path
}

# What a system header belongs to. POSIX's are told by their .h; the standard library's have none.
function library_of(header) {
  if (header ~ /^librdkafka\//) return "librdkafka"
  if (header ~ /^rocksdb\//) return "RocksDB"
  if (header ~ /^simdjson/) return "simdjson"
  if (header ~ /^fmt\//) return "fmt"
  if (header ~ /^spdlog\//) return "spdlog"
  if (header ~ /^[a-z_0-9]+$/) return "std"
  if (header ~ /^(sys|netinet|arpa|linux)\// || header ~ /^[a-z_0-9]+\.h$/) return "POSIX"
  return header
}

function project_allowed(from, to) {
  return index(" " may_include[from] " ", " " to " ") > 0
}

function library_allowed(from, library) {
  if (from == "tests" || library == "std") return 1
  if (library == "librdkafka") return (from == "topology" || from == "app" || from == "bench") && base ~ /^kafka_/
  if (library == "RocksDB") return from == "state" && base ~ /^rocks_/
  if (from == "app" || from == "bench") return 1
  if (library == "simdjson") return from == "processor/group" && base ~ /json.*\.cpp$/
  return index(" " may_use[from] " ", " " library " ") > 0
}

function fault(text) { printf "%s:%d: %s\n", FILENAME, FNR, text }

BEGIN {
  all = "processor/api processor/group state topology topology/testing app bench tests"
  may_include["processor/api"] = "processor/api"
  may_include["processor/group"] = "processor/api processor/group"
  may_include["state"] = "processor/api state"
  may_include["topology"] = "processor/api state topology"
  may_include["topology/testing"] = "processor/api state topology topology/testing"
  may_include["app"] = "processor/api processor/group state topology app"
  may_include["bench"] = all
  may_include["tests"] = all
  may_use["processor/group"] = "fmt"
  may_use["state"] = "fmt spdlog POSIX"
  may_use["topology"] = "fmt spdlog POSIX"
  may_use["topology/testing"] = "fmt spdlog"
}

FNR == 1 {
  layer = layer_of(FILENAME)
  base = FILENAME
  sub(/.*\//, "", base)
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
  split($0, part, "\"")
  if (part[2] ~ /\// && !project_allowed(layer, layer_of(part[2])))
    fault(layer " must not include " part[2])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
  split($0, part, /[<>]/)
  library = library_of(part[2])
  if (!library_allowed(layer, library))
    fault((library ~ /\// ? part[2] : library) " is not for " layer "/" base " (<" part[2] ">)")
}

/system_clock::now/ && layer != "app" && layer != "bench" && layer != "tests" && base != "clock.h" {
  fault("the wall clock comes in through Clock (processor/api/clock.h)")
}

/FIXME/ || (/TODO/ && !/TODO\(#[0-9]+\)/) {
  fault("a TODO names its issue, TODO(#12), and there is no FIXME")
}
