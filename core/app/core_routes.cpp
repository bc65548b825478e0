#include "core/app/core_routes.hpp"

namespace cairn::core {

void add_core_routes(RouteTable& routes, std::shared_ptr<const HostFacts> facts) {
    const auto add = [&](const char* pattern, HttpHandler handler) {
        routes.add("core", {}, {"GET", pattern, std::move(handler), 0});
    };
    const auto uncached = [](HttpResponse response) {
        response.headers.emplace_back("Cache-Control", "no-store");
        return response;
    };
    add("/health", [facts, uncached](const HttpRequest&) {
        bool ok = true;
        const Document body = facts->health->body(ok);
        return uncached(HttpResponse::json(ok ? 200 : 503, body));
    });
    // Alive: the process answers. Ready: players may come.
    add("/livez", [uncached](const HttpRequest&) { return uncached(HttpResponse::text(200, "ok\n")); });
    add("/readyz", [facts, uncached](const HttpRequest&) {
        return uncached(facts->serving ? HttpResponse::text(200, "ok\n") : HttpResponse::text(503, "not serving\n"));
    });
    add("/metrics", [facts, uncached](const HttpRequest&) {
        HttpResponse response = uncached(HttpResponse::text(200, facts->metrics->text()));
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return response;
    });
    add("/api/protocol", [facts](const HttpRequest&) { return HttpResponse::json(200, facts->protocol()); });
}

}  // namespace cairn::core
