#include "app/dashboard/assets.h"

#include <fmt/format.h>

#include <array>

#include "app/http/api.h"
#include "processor/group/hash.h"

namespace ebc::app {
namespace {

// Nothing comes from elsewhere, nothing is inline, and nobody may frame the page.
constexpr auto kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

struct Name {
  std::string_view path, content_type;
};

constexpr std::string_view kScript = "text/javascript; charset=utf-8";
constexpr std::array kNames = {
    Name{"index.html", "text/html; charset=utf-8"},
    Name{"style.css", "text/css; charset=utf-8"},
    Name{"icon.svg", "image/svg+xml"},
    Name{"main.js", kScript},
    Name{"api.js", kScript},
    Name{"config.js", kScript},
    Name{"dom.js", kScript},
    Name{"figures.js", kScript},
    Name{"format.js", kScript},
    Name{"live.js", kScript},
    Name{"overview.js", kScript},
    Name{"groups.js", kScript},
    Name{"group.js", kScript},
    Name{"dead_letters.js", kScript},
    Name{"instances.js", kScript},
    Name{"dialogs.js", kScript},
};

const std::vector<Asset>& assets() {
  static const std::vector<Asset> all = [] {
    std::vector<Asset> made;
    for (const auto& name : kNames) made.push_back({name.path, name.content_type, embedded(name.path)});
    return made;
  }();
  return all;
}

}  // namespace

const Asset* find_asset(const std::vector<std::string>& path) {
  std::string_view wanted;
  if (path.size() == 1 && path[0].empty()) wanted = "index.html";
  if (path.size() == 2 && path[0] == "dashboard") wanted = path[1];
  for (const auto& asset : assets()) {
    if (asset.path == wanted) return &asset;
  }
  return nullptr;
}

HttpReply asset_reply(const Asset& asset, std::string_view if_none_match) {
  const auto tag = fmt::format("\"{:016x}\"", group::fingerprint(asset.bytes));
  HttpReply reply{200, std::string(asset.content_type), {}, {{"ETag", tag}, {"Cache-Control", "no-cache"}}};
  reply.headers.emplace_back("Content-Security-Policy", kPolicy);
  reply.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  if (if_none_match.find(tag) != std::string_view::npos) {
    reply.status = 304;
  } else {
    reply.body = asset.bytes;
  }
  return reply;
}

std::string_view openapi_document() { return embedded("openapi.json"); }

}  // namespace ebc::app
