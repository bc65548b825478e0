// The one idea: HTTP in, an event out. Another program posts to /hooks/NAME with the token of that hook, and everybody in
// the hook's space hears `web_hook.called`.
//
//     plugins:
//       web_hook: {hooks: {builds: {space: main, token: {env: BUILDS_TOKEN}}}}
//
//     curl -H "Authorization: Bearer $BUILDS_TOKEN" -d '{"text": "the build is green"}' http://127.0.0.1:8080/hooks/builds
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/plugin.hpp>

namespace web_hook {

struct Hook {
    std::string space = "main";
    cairn::Secret token;
};
void describe(cairn::Fields<Hook>& f) {
    f(&Hook::space, "space", "where its calls are heard").length(1, 64);
    f(&Hook::token, "token", "what callers have to send as `Authorization: Bearer …`");
}

struct Config {
    std::map<std::string, Hook> hooks;
};
void describe(cairn::Fields<Config>& f) {
    f(&Config::hooks, "hooks", "the hooks by name: POST /hooks/NAME");
}

/// What callers send.
struct Call {
    std::string text;
};
void describe(cairn::Fields<Call>& f) {
    f(&Call::text, "text", "what everybody is to read").length(1, 500);
}

/// Takes as long for a wrong token as for the right one, so that nobody can feel his way to it.
bool same(std::string_view given, std::string_view token) noexcept {
    unsigned char differs = given.size() == token.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i)
        differs |= static_cast<unsigned char>(given[i] ^ (token.empty() ? '\0' : token[i % token.size()]));
    return differs == 0 && !token.empty();
}

class Listener final : public cairn::Behaviour {
public:
    explicit Listener(cairn::Space& space) {
        space.on_tell("web_hook.called",
                      [&space](const cairn::Document& call) { space.broadcast("web_hook.called", call); });
    }
};

class WebHookPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        config_ = setup.config<Config>();
        setup.behaviour("listener", [](cairn::Space& space) { return std::make_unique<Listener>(space); });
        setup.route({"POST", "/hooks/{name}", [this](const cairn::HttpRequest& request) { return called(request); }});
    }
    void start(cairn::Runtime& runtime) override { runtime_ = &runtime; }

    /// In the general lane: it may block, and it may not touch a space. `tell` brings the news onto the space's strand.
    cairn::HttpResponse called(const cairn::HttpRequest& request) {
        const std::string name(request.capture("name"));
        const auto hook = config_->hooks.find(name);
        // One answer for both, or strangers could list the hooks.
        if (hook == config_->hooks.end() ||
            !same(request.header("authorization"), "Bearer " + hook->second.token.reveal()))
            throw cairn::Error(cairn::Code::unauthenticated, "no such hook, or not its token");
        const Call call = cairn::from_json<Call>(request.body);
        runtime_->spaces().tell(hook->second.space, "web_hook.called", {{"hook", name}, {"text", call.text}});
        return cairn::HttpResponse::json(202, {{"told", hook->second.space}});
    }

    std::shared_ptr<const Config> config_;
    cairn::Runtime* runtime_ = nullptr;
};

}  // namespace web_hook

CAIRN_PLUGIN(web_hook::WebHookPlugin, "web_hook", "1.0.0")
