// Where a test finds plugins and what they ship.
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/plugins/plugin_library.hpp"
#include "sdk/testkit/src/host_impl.hpp"

namespace cairn::testkit {
namespace {

namespace fs = std::filesystem;

const char kHere = 0;

/// The folder above the one that holds libcairn_testkit.so: the build's or the installation's.
fs::path prefix() {
    Dl_info info{};
    if (::dladdr(&kHere, &info) == 0 || info.dli_fname == nullptr) return {};
    std::error_code error;
    const fs::path file = fs::canonical(info.dli_fname, error);
    return error ? fs::path() : file.parent_path().parent_path();
}

}  // namespace

std::vector<std::string> plugin_folders(const Options& options) {
    std::vector<std::string> folders;
    for (const std::string& folder : options.plugin_dirs) folders.push_back(fs::absolute(folder).lexically_normal().string());
    if (const char* more = std::getenv("CAIRN_PLUGIN_PATH")) {
        std::string folder;
        for (const char c : std::string(more) + ":") {
            if (c != ':')
                folder += c;
            else if (!folder.empty())
                folders.push_back(fs::absolute(std::exchange(folder, {})).lexically_normal().string());
        }
    }
    for (const fs::path& base : {prefix(), fs::path(core::executable_folder()).parent_path()}) {
        if (base.empty()) continue;
        for (const fs::path& below : {fs::path("plugins"), fs::path("lib/cairn/plugins"), fs::path("cairn/plugins")}) {
            std::error_code error;
            const std::string folder = (base / below).string();
            if (fs::is_directory(folder, error) && std::find(folders.begin(), folders.end(), folder) == folders.end())
                folders.push_back(folder);
        }
    }
    return folders;
}

std::string share_folder(const Options& options) {
    if (!options.share_dir.empty()) return fs::absolute(options.share_dir).lexically_normal().string();
    for (fs::path base = prefix(); !base.empty() && base != base.root_path(); base = base.parent_path()) {
        std::error_code error;
        const fs::path share = base / "share" / "cairn";
        if (fs::is_directory(share / "sql", error)) return share.string();
    }
    return core::find_share_dir({});
}

}  // namespace cairn::testkit
