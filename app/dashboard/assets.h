// The dashboard's files, as they were when the program was built (app/dashboard/web). They hold no data, so everybody
// may read them; the page asks for the token itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/http/exchange.h"

namespace ebc::app {

struct Asset {
  std::string_view path;  ///< "" is the page itself, others lie under dashboard/
  std::string_view content_type;
  std::string_view bytes;
};

/// nullptr: no such file.
const Asset* find_asset(const std::vector<std::string>& path);

/// The file, or 304 when the client has it already.
HttpReply asset_reply(const Asset& asset, std::string_view if_none_match);

/// A file by its name in app/dashboard/web or docs; generated (embed.cmake).
std::string_view embedded(std::string_view name);

}  // namespace ebc::app
