#include "tests/broker/http_get.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
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

std::string http_raw(int port, const std::string& bytes, milliseconds limit) {
  const Socket socket;
  const timeval timeout{limit.count() / 1000, (limit.count() % 1000) * 1000};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const auto address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  // The other side may refuse in the middle of it: what it says is still to be read.
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto n = ::send(socket.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  std::string answer;
  char chunk[16384];
  ssize_t got = 0;
  while ((got = ::recv(socket.fd(), chunk, sizeof chunk, 0)) > 0) answer.append(chunk, static_cast<std::size_t>(got));
  return answer;
}

std::optional<HttpAnswer> http_call(int port, const std::string& method, const std::string& path,
                                    const std::string& headers, const std::string& body, milliseconds limit) {
  const auto length = body.empty() ? std::string{} : fmt::format("Content-Length: {}\r\n", body.size());
  const auto answer = http_raw(port,
                               fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n{}{}\r\n{}",
                                           method, path, port, headers, length, body),
                               limit);
  const auto end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || end == std::string::npos) return std::nullopt;
  return HttpAnswer{std::atoi(answer.c_str() + 9), answer.substr(end + 4)};
}

std::optional<HttpAnswer> http_get(int port, const std::string& path, milliseconds limit) {
  return http_call(port, "GET", path, "", "", limit);
}

HeldConnections::HeldConnections(int port, int count, const std::string& bytes) {
  const auto address = loopback(port);
  for (int i = 0; i < count; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw std::runtime_error("no socket: too few file descriptors?");
    sockets_.push_back(fd);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) continue;
    (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
}

HeldConnections::~HeldConnections() {
  for (const int fd : sockets_) ::close(fd);
}

int HeldConnections::dribble(const std::string& bytes) {
  int closed = 0;
  for (const int fd : sockets_) {
    char byte = 0;
    const auto got = ::recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    const bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    if (!open || ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) ++closed;
  }
  return closed;
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
