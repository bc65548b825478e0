#include "core/plugins/route_table.hpp"

#include <algorithm>

#include "core/plugins/call_fence.hpp"

namespace cairn::core {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty() && path.front() == '/') {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

bool is_capture(const std::string& segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// From left to right: a segment that is written out comes before one that captures.
bool more_exact(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](const std::string& x, const std::string& y) { return is_capture(x) < is_capture(y); });
}

bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const std::string& x, const std::string& y) {
        return is_capture(x) ? is_capture(y) : x == y;
    });
}

std::string pattern_fault(const std::string& pattern, const std::vector<std::string>& segments) {
    if (pattern.empty() || pattern.front() != '/') return "does not begin with '/'";
    std::vector<std::string> names;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::string& segment = segments[i];
        if (segment.empty() && segments.size() > 1 && i + 1 < segments.size()) return "has an empty segment ('//')";
        if (is_capture(segment)) {
            if (std::find(names.begin(), names.end(), segment) != names.end()) return "names " + segment + " twice";
            names.push_back(segment);
        } else if (segment.find_first_of("{}?#") != std::string::npos) {
            return "has the segment '" + segment + "', which is neither plain text nor {name}";
        }
    }
    return {};
}

}  // namespace

int http_status(Code code) noexcept {
    switch (code) {
        case Code::bad_request:
        case Code::invalid_field:
        case Code::unsupported:
            return 400;
        case Code::unauthenticated:
            return 401;
        case Code::forbidden:
            return 403;
        case Code::not_found:
            return 404;
        case Code::conflict:
            return 409;
        case Code::too_large:
            return 413;
        case Code::rate_limited:
            return 429;
        case Code::full:
        case Code::not_ready:
        case Code::unavailable:
            return 503;
        case Code::internal:
            return 500;
    }
    return 500;
}

HttpResponse http_error(const Error& error) {
    Document body{{"code", code_name(error.code())}, {"message", error.what()}};
    if (!error.field().empty()) body.set("field", error.field());
    if (error.retry_after().count() > 0) body.set("retry_after", error.retry_after().count());
    HttpResponse response = HttpResponse::json(http_status(error.code()), {{"error", std::move(body)}});
    if (error.retry_after().count() > 0) {
        // Whole seconds, rounded up (RFC 9110 section 10.2.3).
        response.headers.emplace_back("Retry-After", std::to_string((error.retry_after().count() + 999) / 1000));
    }
    return response;
}

void RouteTable::add(const std::string& plugin, Mark mark, HttpRoute route) {
    auto entry = std::make_unique<Route>();
    entry->site = {intern(plugin), nullptr, intern(route.method + " " + route.pattern)};
    static_cast<HttpRoute&>(*entry) = std::move(route);
    entry->plugin = plugin;
    entry->mark = mark;
    entry->segments = split(entry->pattern);
    const auto place = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const auto& other) { return more_exact(entry->segments, other->segments); });
    routes_.insert(place, std::move(entry));
}

void RouteTable::add_files(const std::string& plugin, Mark mark, HttpFiles files) {
    auto entry = std::make_unique<Folder>();
    static_cast<HttpFiles&>(*entry) = std::move(files);
    entry->plugin = plugin;
    entry->mark = mark;
    const auto place = std::find_if(folders_.begin(), folders_.end(),
                                    [&](const auto& other) { return other->prefix.size() < entry->prefix.size(); });
    folders_.insert(place, std::move(entry));
}

void RouteTable::check(ProblemReport& report) const {
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const Route& route = *routes_[i];
        const std::string name = route.method + " " + route.pattern;
        const std::string path = "plugins." + route.plugin;
        if (const std::string fault = pattern_fault(route.pattern, route.segments); !fault.empty()) {
            report.add(route.mark, path, "the route '" + name + "' of plugin " + route.plugin + " " + fault,
                       "Write a path such as /api/things/{id}.");
        }
        if (!route.handler) {
            report.add(route.mark, path, "the route '" + name + "' of plugin " + route.plugin + " has no handler",
                       "Set HttpRoute::handler.");
        }
        for (std::size_t j = 0; j < i; ++j) {
            const Route& other = *routes_[j];
            if (other.method != route.method || !same_shape(other.segments, route.segments)) continue;
            report.add(route.mark, path,
                       "two routes want the same path: '" + other.method + " " + other.pattern + "' of " +
                           other.plugin + " and '" + name + "' of " + route.plugin,
                       "Remove one of the plugins, or give one of the routes another path.");
        }
    }
    for (std::size_t i = 0; i < folders_.size(); ++i) {
        const Folder& folder = *folders_[i];
        const std::string path = "plugins." + folder.plugin;
        if (folder.prefix.empty() || folder.prefix.front() != '/' || folder.prefix.back() != '/') {
            report.add(folder.mark, path,
                       "the folder that plugin " + folder.plugin + " serves under '" + folder.prefix +
                           "' needs a prefix that begins and ends with '/'",
                       "Write / or /name/.");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (folders_[j]->prefix != folder.prefix) continue;
            report.add(folder.mark, path,
                       "plugins " + folders_[j]->plugin + " and " + folder.plugin + " both serve files under '" +
                           folder.prefix + "'",
                       "Remove one of the plugins, or set another prefix for one of them.");
        }
    }
}

HttpRoutes::Match RouteTable::match(std::string_view method, std::string_view path, const HttpRoute*& route,
                                    std::vector<std::pair<std::string, std::string>>& captures,
                                    std::string& allowed) const {
    captures.clear();
    allowed.clear();
    if (path.empty() || path.front() != '/') return Match::none;
    const std::vector<std::string> segments = split(path);
    const auto fits = [&](const Route& candidate) {
        return std::equal(candidate.segments.begin(), candidate.segments.end(), segments.begin(), segments.end(),
                          [](const std::string& pattern, const std::string& segment) {
                              return is_capture(pattern) ? !segment.empty() : pattern == segment;
                          });
    };
    const Route* best = nullptr;
    const Route* stand_in = nullptr;
    for (const auto& candidate : routes_) {
        if (!fits(*candidate)) continue;
        if (!best && candidate->method == method) best = candidate.get();
        if (!stand_in && method == "HEAD" && candidate->method == "GET") stand_in = candidate.get();
        if (allowed.find(candidate->method) == std::string::npos) {
            if (!allowed.empty()) allowed += ", ";
            allowed += candidate->method;
            if (candidate->method == "GET") allowed += ", HEAD";
        }
    }
    if (!best) best = stand_in;
    if (!best) return allowed.empty() ? Match::none : Match::wrong_method;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::string& pattern = best->segments[i];
        if (is_capture(pattern)) captures.emplace_back(pattern.substr(1, pattern.size() - 2), segments[i]);
    }
    route = best;
    allowed.clear();
    return Match::found;
}

const HttpFiles* RouteTable::files(std::string_view path) const {
    for (const auto& folder : folders_) {
        if (path.substr(0, folder->prefix.size()) == folder->prefix) return folder.get();
    }
    return nullptr;
}

HttpResponse RouteTable::call(const HttpRoute& route, const HttpRequest& request) const noexcept {
    HttpResponse response;
    // Only routes of this table come here: match() gives no others.
    const CallSite& site = static_cast<const Route&>(route).site;
    const auto outcome = fenced(site, [&] { response = route.handler(request); });
    return outcome ? http_error(outcome->error) : response;
}

Document RouteTable::to_document() const {
    Document routes = Document::list();
    for (const auto& route : routes_) {
        routes.push({{"method", route->method}, {"pattern", route->pattern}, {"plugin", route->plugin}});
    }
    return routes;
}

}  // namespace cairn::core
