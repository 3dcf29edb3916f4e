// One call and the way back to who made it, as the code that answers sees them. Knows no sockets and no HTTP library.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ebc::app {

struct HttpCall {
  std::string method;              ///< "GET"
  std::string target;              ///< as sent: path and query, still encoded
  std::string authorization = {};  ///< this header and those below: empty when it isn't there
  std::string host = {};
  std::string origin = {};
  std::string fetch_site = {};  ///< Sec-Fetch-Site, which browsers set and pages can't
  std::string content_type = {};
  std::string if_none_match = {};
  std::string traceparent = {}, tracestate = {};
  bool hop = false;  ///< another instance asks: answer for this one alone
  std::string body = {};
  bool has_body = false;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// An error as an RFC 9457 problem document.
HttpReply problem(unsigned status, std::string_view detail);
/// 503 with the reason, and when to ask again.
HttpReply unavailable(std::string_view detail);

/// A reply without an end: bytes as they come. Any thread.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// False: the client is gone, or so slow that what waits for it has reached the bound; nothing was taken then.
  virtual bool write(std::string bytes) = 0;
  virtual bool gone() const = 0;
  /// Bytes that wait for the client.
  virtual std::size_t waiting() const = 0;
};

/// The way back to one client. Any thread. Whoever lets the last copy go without an answer has a 500 sent.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  /// Once. Does nothing when the client is gone.
  virtual void send(HttpReply reply) = 0;
  /// Instead of send(): the head now, the rest as it comes.
  virtual std::shared_ptr<HttpStream> stream(HttpReply head) = 0;
  /// The client has closed the connection.
  virtual bool gone() const = 0;
};

}  // namespace ebc::app
