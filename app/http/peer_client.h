// Calls to the HTTP of the application's other instances, with connections kept for the next call.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

struct PeerCall {
  std::string base;  ///< "http://HOST:PORT"
  std::string target;
  Duration timeout{2'000};
  bool hop = true;  ///< ask for what that instance knows itself
};

struct PeerReply {
  unsigned status = 0;
  std::string content_type, body;
};

/// All on the thread of `io`. Calls are reads only, so one that met a connection gone stale is simply made again.
class PeerClient {
 public:
  /// A Retry status says, in a sentence, why there is no answer of that instance.
  using Done = std::function<void(Result<PeerReply>)>;
  /// Bytes of an open stream; empty: it has ended.
  using OnBytes = std::function<void(std::string_view)>;

  /// `token`: the application's own; empty: none.
  PeerClient(boost::asio::io_context& io, std::string token);
  ~PeerClient();

  void get(PeerCall call, Done done);

  /// A stream under way; it ends with this object.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  std::unique_ptr<Subscription> subscribe(const PeerCall& call, OnBytes on_bytes);

 private:
  class Connection;
  class Stream;
  struct Peer;

  void start(const std::shared_ptr<Connection>& connection, PeerCall call, Done done);

  boost::asio::io_context& io_;
  const std::string token_;
  std::map<std::string, Peer> peers_;
};

}  // namespace ebc::app
