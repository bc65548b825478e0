#include "core/plugins/plugin_library.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "core/config/configuration.hpp"
#include "core/plugins/compatibility.hpp"
#include "core/plugins/file_trust.hpp"
#include "core/plugins/join_words.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

std::string demangle(const std::string& symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(
        __cxxabiv1::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
    return status == 0 && text ? std::string(text.get()) : symbol;
}

bool is_plugin_name(const std::string& name) {
    return !name.empty() && name.size() < sizeof(abi::Descriptor::name) &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               std::string::npos;
}

}  // namespace

std::string PluginFinder::find(const std::string& name) const {
    if (!is_plugin_name(name)) {
        throw PluginRefused("'" + name + "' is not a plugin's name",
                            "A name has letters, digits, '_' and '-'; the folders to search stand in plugin_dirs.");
    }
    for (const std::string& folder : folders_) {
        const fs::path path = fs::path(folder) / (name + ".so");
        std::error_code error;
        if (fs::exists(path, error)) return path.string();
    }
    const std::vector<std::string> names = available();
    const std::string near = did_you_mean(name, names);
    std::string cure;
    if (!near.empty()) cure = "Did you mean '" + near + "'? ";
    cure += names.empty() ? "No plugin lies there: set plugin_dirs or CAIRN_PLUGIN_PATH, or build the plugins."
                          : "Available: " + join(names, ", ") + ".";
    throw PluginRefused(
        "there is no plugin '" + name + "' (searched for " + name + ".so in " + join(folders_, ", ") + ")", cure);
}

std::vector<std::string> PluginFinder::available() const {
    std::vector<std::string> names;
    for (const std::string& folder : folders_) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
            if (at->path().extension() == ".so") names.push_back(at->path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string executable_folder() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::current_path().string() : self.parent_path().string();
}

std::vector<std::string> plugin_folders(const std::vector<std::string>& configured) {
    std::vector<std::string> folders;
    const auto add = [&folders](std::string_view folder) {
        if (!folder.empty()) folders.push_back(fs::absolute(folder).lexically_normal().string());
    };
    for (const std::string& folder : configured) add(folder);
    // Not for programs that run with more rights than their caller.
    const char* listed = ::secure_getenv("CAIRN_PLUGIN_PATH");
    std::string_view rest = listed != nullptr ? listed : "";
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        add(rest.substr(0, colon));
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    for (std::string& folder : own_plugin_folders()) folders.push_back(std::move(folder));
    return folders;
}

std::vector<std::string> own_plugin_folders() {
    const fs::path base = fs::path(executable_folder()).parent_path();
    return {(base / "plugins").string(), (base / "lib" / "cairn" / "plugins").string()};
}

std::string plugin_share_dir(const std::string& file, const std::string& otherwise) {
    const fs::path path = fs::absolute(file).lexically_normal();
    const std::vector<std::string> own = own_plugin_folders();
    if (std::find(own.begin(), own.end(), path.parent_path().string()) != own.end()) return otherwise;
    const fs::path name = path.stem();
    for (const char* up : {"..", "../../.."}) {  // build/plugins and lib/cairn/plugins
        const fs::path share = (path.parent_path() / up / "share" / "cairn").lexically_normal();
        std::error_code error;
        if (fs::is_directory(share / name, error) || fs::is_directory(share / "sql" / name, error)) return share.string();
    }
    return otherwise;
}

PluginFile inspect_plugin(const std::string& path) {
    check_plugin_trust(path);
    PluginFile file = read_plugin_file(path);
    const std::vector<BuildDifference> differences = compare_builds(file.descriptor, host_build());
    if (!differences.empty()) {
        std::string message = path;
        std::string cure;
        for (const BuildDifference& difference : differences) {
            message += (message.size() == path.size() ? ": " : " ") + difference.message;
            if (!cure.empty()) cure += ' ';
            cure += difference.cure;
        }
        throw PluginRefused(message, cure);
    }
    const std::string expected = fs::path(path).stem().string();
    if (expected != file.descriptor.name) {
        throw PluginRefused("plugin file " + path + " says that it is the plugin '" + file.descriptor.name + "'",
                            "Name the file " + std::string(file.descriptor.name) + ".so or correct CAIRN_PLUGIN.");
    }
    return file;
}

PluginRefused explain_load_error(const PluginFile& file, const std::string& loader_message) {
    const std::string who =
        "plugin " + std::string(file.descriptor.name) + " " + file.descriptor.version + " (" + file.path + ")";
    const auto after = [&](const std::string& marker) -> std::string {
        const std::size_t at = loader_message.find(marker);
        if (at == std::string::npos) return {};
        const std::size_t begin = at + marker.size();
        return loader_message.substr(begin, loader_message.find_first_of(" ,:\n\t)", begin) - begin);
    };
    // dlerror has no codes; these are the forms that glibc's loader writes (elf/dl-lookup.c, dl-load.c, dl-version.c).
    if (const std::string symbol = after("undefined symbol: "); !symbol.empty()) {
        return {who + " uses " + demangle(symbol) + ", which neither it nor a library it names defines",
                "Link the library or object file that defines it, and link with -Wl,-z,defs so that the linker tells "
                "you first."};
    }
    if (loader_message.find("cannot open shared object file") != std::string::npos) {
        const std::string library = loader_message.substr(0, loader_message.find(':'));
        return {who + " needs the library " + library + ", which this machine does not have",
                "Install the package that holds " + library + ", or set the plugin's RUNPATH to where it lies."};
    }
    if (const std::size_t at = loader_message.find("version `"); at != std::string::npos) {
        const std::size_t begin = at + 9;
        return {who + " needs " + loader_message.substr(begin, loader_message.find('\'', begin) - begin) +
                    ", which the library on this machine is too old for",
                "Build the plugin on this release of the system, or update the library."};
    }
    return {who + " cannot be loaded: " + loader_message, "Build or install the plugin again."};
}

CreatePlugin load_plugin(const PluginFile& file) {
    void* library = ::dlopen(file.path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
        const char* message = ::dlerror();
        throw explain_load_error(file, message != nullptr ? message : "the loader gives no reason");
    }
    void* symbol = ::dlsym(library, "cairn_plugin_create");
    if (symbol == nullptr) {
        throw PluginRefused("plugin " + std::string(file.descriptor.name) + " (" + file.path +
                                ") has a descriptor but no function cairn_plugin_create",
                            "Let CAIRN_PLUGIN write both, and do not hide the symbol when linking.");
    }
    return reinterpret_cast<CreatePlugin>(symbol);
}

}  // namespace cairn::core
