-- For wrk: asks for the paths in a file (one a line) in random order, at a steady rate, and prints what it found as JSON.
-- Arguments: FILE PAUSE, the milliseconds that each connection waits before each request.
local paths, pause = {}, 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  pause = tonumber(args[2])
  math.randomseed(os.time())
end

function request() return wrk.format("GET", paths[math.random(#paths)]) end

-- Spread, so that the connections don't ask all at once.
function delay() return math.floor(pause * (0.5 + math.random())) end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format('{"per_s":%.0f,"p50_ms":%.2f,"p99_ms":%.2f,"max_ms":%.2f,"failed":%d}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3, failed))
end
