#include <filesystem>
#include <string>

#include <cairn/plugin.hpp>

namespace cairn::world_page {

/// Serves the browser world at `/`. Everything that moves is in web/; build_page.sh puts it together.
class WorldPagePlugin final : public Plugin {
public:
    void setup(Setup& setup) override {
        HttpFiles files;
        files.prefix = "/";
        files.folder = folder_ = setup.share_dir() + "/world_page";
        // The page loads nothing from elsewhere and runs no inline script; sockets may go to other servers (a room that
        // moved), and nobody may put the page into a frame and lead clicks astray.
        files.headers = {
            {"Content-Security-Policy",
             "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; "
             "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
            {"Referrer-Policy", "no-referrer"},
            {"Cross-Origin-Opener-Policy", "same-origin"},
        };
        setup.files(std::move(files));
    }

    void start(Runtime& runtime) override {
        std::error_code ignored;
        if (std::filesystem::exists(folder_ + "/index.html", ignored)) return;
        // Not fatal: players' programs need no page.
        runtime.log().warning(
            "the page is missing, so GET / answers 404; build it with plugins/world_page/build_page.sh, or "
            "build with -DCAIRN_PAGE=ON",
            {{"folder", folder_}});
    }

private:
    std::string folder_;
};

}  // namespace cairn::world_page

CAIRN_PLUGIN(cairn::world_page::WorldPagePlugin, "world_page", "0.1.0")
