#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/http.hpp>

#include "core/config/problem_report.hpp"
#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// All HTTP routes and served folders. Filled during setup, then only read, by any thread.
///
/// A path's segment that is written out wins over a `{name}`. HEAD is answered by the GET route when it has none of its
/// own (RFC 9110 section 9.3.2); the gateway leaves the body out.
class RouteTable final : public HttpRoutes {
public:
    /// [setup] `plugin` is who adds it, "core" for the host's own; `mark` is where the plugin stands in the file.
    void add(const std::string& plugin, Mark mark, HttpRoute route);
    void add_files(const std::string& plugin, Mark mark, HttpFiles files);
    /// Tells patterns that are not well formed, and two that want the same path. [control]
    void check(ProblemReport& report) const;

    Match match(std::string_view method, std::string_view path, const HttpRoute*& route,
                std::vector<std::pair<std::string, std::string>>& captures, std::string& allowed) const override;
    const HttpFiles* files(std::string_view path) const override;
    HttpResponse call(const HttpRoute& route, const HttpRequest& request) const noexcept override;

    /// {method, pattern, plugin} of each route, for people. [any]
    Document to_document() const;

private:
    struct Route : HttpRoute {
        std::string plugin;
        Mark mark;
        std::vector<std::string> segments;
        CallSite site;
    };
    struct Folder : HttpFiles {
        std::string plugin;
        Mark mark;
    };
    std::vector<std::unique_ptr<Route>>
        routes_;  // written-out segments first, so that the first match is the best
    std::vector<std::unique_ptr<Folder>> folders_;  // longest prefix first
};

/// The HTTP status that stands for a refusal, and the answer that says it:
/// `{"error": {"code": …, "message": …, "field": …}}`. [any]
int http_status(Code code) noexcept;
HttpResponse http_error(const Error& error);

}  // namespace cairn::core
