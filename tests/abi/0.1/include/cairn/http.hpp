#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/export.hpp>

namespace cairn {

struct HttpRequest {
    std::string method;   ///< upper case
    std::string path;     ///< decoded, starts with '/', no dot segments
    std::string query;    ///< as sent, without '?'
    std::string body;     ///< complete; bounded by the route's limit
    std::string remote;   ///< address without port
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::vector<std::pair<std::string, std::string>> captures; ///< `{name}` parts of the route's pattern

    CAIRN_API std::string_view header(std::string_view lower_case_name) const noexcept;
    CAIRN_API std::string_view capture(std::string_view name) const noexcept;
    /// The decoded value of a query parameter, empty when absent.
    CAIRN_API std::string query_value(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    static CAIRN_API HttpResponse json(int status, const Document& body);
    static CAIRN_API HttpResponse text(int status, std::string body);
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// One route. `pattern` is a path in which `{name}` matches one segment.
struct HttpRoute {
    std::string method;
    std::string pattern;
    HttpHandler handler;           ///< runs in the general lane [worker]; exceptions become 500
    std::size_t max_body = 65536;  ///< bytes
};

/// A folder whose files are served by GET and HEAD under `prefix`, fixed types by suffix, never outside the folder.
struct HttpFiles {
    std::string prefix;  ///< "/" or "/name/"
    std::string folder;  ///< absolute
    std::string index = "index.html";
    std::vector<std::pair<std::string, std::string>> headers;  ///< added to each answer, e.g. a Content-Security-Policy
};

/// All routes of the host; fixed once the plugins have been set up. What a gateway asks. [any]
class CAIRN_API HttpRoutes {
public:
    virtual ~HttpRoutes();
    enum class Match : unsigned char { found, wrong_method, none };
    /// On `found`, `route` and the captures are set. `allowed` lists the methods of the path on `wrong_method`.
    virtual Match match(std::string_view method, std::string_view path, const HttpRoute*& route,
                        std::vector<std::pair<std::string, std::string>>& captures, std::string& allowed) const = 0;
    /// The folder with the longest prefix of `path`, or nullptr.
    virtual const HttpFiles* files(std::string_view path) const = 0;
    /// Calls the handler behind a fence: names plugin and route in the log when it throws. [worker]
    virtual HttpResponse call(const HttpRoute& route, const HttpRequest& request) const noexcept = 0;
};

}  // namespace cairn
