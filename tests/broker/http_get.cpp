#include "tests/broker/http_get.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <stdexcept>

namespace ebc::broker_test {
namespace {

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

std::optional<HttpAnswer> http_get(int port, const std::string& path, milliseconds limit) {
  const Socket socket;
  const timeval timeout{limit.count() / 1000, (limit.count() % 1000) * 1000};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const auto address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return std::nullopt;

  const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", path, port);
  if (::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string answer;
  char chunk[16384];
  ssize_t got = 0;
  while ((got = ::recv(socket.fd(), chunk, sizeof chunk, 0)) > 0) answer.append(chunk, static_cast<std::size_t>(got));

  const auto body = answer.find("\r\n\r\n");
  if (got < 0 || !answer.starts_with("HTTP/1.1 ") || body == std::string::npos) return std::nullopt;
  return HttpAnswer{std::atoi(answer.c_str() + 9), answer.substr(body + 4)};
}

int free_port() {
  static std::mt19937 random{std::random_device{}()};
  for (int attempt = 0; attempt < 200; ++attempt) {
    const int port = std::uniform_int_distribution<int>(20'000, 31'999)(random);
    const Socket socket;
    const auto address = loopback(port);
    if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return port;
  }
  throw std::runtime_error("no free port between 20000 and 32000");
}

TakenPort::TakenPort() : port_(free_port()), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto address = loopback(port_);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd_, 1) != 0) {
    throw std::runtime_error("can't listen");
  }
}

TakenPort::~TakenPort() { ::close(fd_); }

}  // namespace ebc::broker_test
