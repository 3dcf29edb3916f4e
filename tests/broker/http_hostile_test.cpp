// Clients that mean harm, all at once, beside groups at work: refused, within bounded memory, and of no effect.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <fstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

constexpr auto kToken = "a-good-token";

double resident_mib(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

class HttpHostile : public BrokerTest {
 protected:
  static int status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::atoi(answer.c_str() + 9) : 0;
  }
  int raw(const std::string& bytes) const { return status_of(http_raw(port_, bytes, 20s)); }
  int call(const std::string& method, const std::string& path, const std::string& headers,
           const std::string& body = "") const {
    const auto answer = http_call(port_, method, path, headers, body, 20s);
    return answer ? answer->status : 0;
  }
  void expect_refused(int status, const std::string& what) const {
    EXPECT_TRUE(status == 0 || (status >= 400 && status < 500)) << what << ": " << status;
  }

  void huge_and_broken() const {
    expect_refused(raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(200'000, 'a') + "\r\n\r\n"), "a huge header");
    expect_refused(raw("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), "a huge target");
    std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 5'000; ++i) many += fmt::format("X-{}: y\r\n", i);
    expect_refused(raw(many + "\r\n"), "thousands of headers");
    for (const auto* chunks : {"zz\r\n", "-1\r\n", "FFFFFFFFFFFFFFFFF\r\n", "5\r\nabc", "5;x=\"\r\n"}) {
      expect_refused(raw(fmt::format("POST /v1/groups HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: "
                                     "close\r\nAuthorization: Bearer {}\r\n\r\n{}\r\n0\r\n\r\n",
                                     kToken, chunks)),
                     "bad chunking");
    }
    expect_refused(
        raw("POST /v1/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "two lengths");
    expect_refused(raw("POST /v1/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"),
                   "a length beyond all bounds");
    std::string tls_hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
    tls_hello.resize(511, '\0');
    expect_refused(raw(tls_hello), "TLS");
    expect_refused(raw("GET /v1/groups HTTP/9.9\r\n\r\n"), "another HTTP");
    for (const auto* path :
         {"/../etc/passwd", "/dashboard/../../etc/passwd", "/dashboard/%2e%2e%2fmain.js", "/v1/../v1/groups",
          "/%2e%2e/v1/groups", "//v1/groups", "/v1//groups", "/v1/groups/%00%", "/v1/groups/%ff%2", "/V1/groups",
          "http://example.org/v1/groups", "*", "/livez/../v1/groups"}) {
      expect_refused(call("GET", path, ""), path);
    }
  }

  void without_right() const {
    const auto authorization = [](const std::string& token) { return fmt::format("Authorization: {}\r\n", token); };
    for (const auto& token : {std::string("Bearer wrong"), std::string("Bearer "), std::string("bearer a-good-toke"),
                              std::string("Basic YTpi"), "Bearer " + std::string(8'000, 'a')}) {
      for (const auto* path :
           {"/v1/groups", "/v1/groups/x", "/v1/instances", "/v1/events", "/v1/dead-letters", "/%761/groups"}) {
        EXPECT_EQ(call("GET", path, authorization(token)), 401) << path << " " << token.substr(0, 40);
      }
    }
    const auto good = authorization(fmt::format("Bearer {}", kToken));
    const auto json = good + "Content-Type: application/json\r\n";
    const std::string create = R"({"id":"hostile","expected":["a"]})";
    for (const auto* browser :
         {"Origin: http://example.org\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"}) {
      EXPECT_EQ(call("POST", "/v1/groups", json + browser, create), 403) << browser;
      EXPECT_EQ(call("DELETE", "/v1/groups/x", good + browser), 403) << browser;
      EXPECT_EQ(call("OPTIONS", "/v1/groups", good + browser), 403) << browser;
    }
    // What a form of another site can send without asking.
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}) {
      EXPECT_EQ(call("POST", "/v1/groups", fmt::format("{}Content-Type: {}\r\n", good, type), create), 415) << type;
    }
    EXPECT_EQ(call("GET", "/v1/groups/hostile", good), 404);
  }

  int port_ = 0;
};

TEST_F(HttpHostile, AreRefusedWithinBoundsWhileGroupsGoOn) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4'096);
  setrlimit(RLIMIT_NOFILE, &files);
  make_topic(4);
  const auto token_file = folder() / "token";
  std::ofstream(token_file) << kToken << '\n';
  auto collector = start_collector({"--http-token-file", token_file.string()});
  port_ = collector->http_port();
  Workload workload({.seed = 77, .groups = 6'000, .groups_per_second = 300, .keying = Keying::ByGroup});
  RunningWorkload running(workload, brokers(), topic());
  ASSERT_TRUE(eventually(20s, [&] { return collector->metric("outcomes_total").value_or(0) > 300; }));
  const double before = resident_mib(collector->process().pid());

  int shed = 0;
  {
    HeldConnections slow(port_, 1'000, "GET /v1/groups HTTP/1.1\r\nHost: x\r\nX-a: ");
    std::vector<std::unique_ptr<HeldConnections>> bodies;
    for (int round = 0; round < 2; ++round) {
      // Each round a few more whose body never ends.
      bodies.push_back(std::make_unique<HeldConnections>(
          port_, 50,
          "POST /v1/groups HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(20'000, 'x')));
      huge_and_broken();
      without_right();
      shed = slow.dribble("b");
      // Whoever behaves is served all the while.
      EXPECT_EQ(call("GET", "/livez", ""), 200);
      EXPECT_EQ(call("GET", "/v1/groups?limit=5", fmt::format("Authorization: Bearer {}\r\n", kToken)), 200);
    }
    EXPECT_GE(shed, 400) << "more connections are held than the limit allows";
  }
  const double after = resident_mib(collector->process().pid());
  measured("hostile_slow_connections_shed", shed);
  measured("hostile_rss_before_mib", before);
  measured("hostile_rss_after_mib", after);
  EXPECT_LT(after - before, 200);
  running.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced())));
}

}  // namespace
}  // namespace ebc::broker_test
