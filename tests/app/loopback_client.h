// A blocking client on a loopback port, for tests of servers.
#pragma once

#include <boost/asio.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace ebc::app {

class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }

  void send(std::string_view text) {
    boost::system::error_code ignored;  // the other side may have closed: what it said is still to be read
    boost::asio::write(socket_, boost::asio::buffer(text.data(), text.size()), ignored);
  }
  void finish_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }

  /// All that comes until the other side closes.
  std::string read_all() {
    std::string text;
    boost::system::error_code ended;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(text), ended);
    return text;
  }

  /// Exactly `size` bytes, or fewer when the other side closes.
  std::string read(std::size_t size) {
    std::string text(size, '\0');
    boost::system::error_code ended;
    text.resize(boost::asio::read(socket_, boost::asio::buffer(text), ended));
    return text;
  }

  /// What comes up to and including `end`.
  std::string read_until(std::string_view end) {
    std::string text;
    boost::system::error_code ended;
    const auto size = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(text), std::string(end), ended);
    return text.substr(0, size);
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace ebc::app
