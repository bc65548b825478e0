#include <link.h>

#include <filesystem>

#include <cairn/document.hpp>
#include "core/app/command.hpp"

#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

/// The file names of the shared libraries in this process; their versions stand in the names.
std::vector<std::string> mapped_libraries() {
    std::vector<std::string> names;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            const std::filesystem::path path(info->dlpi_name);
            std::error_code error;
            const std::filesystem::path real = std::filesystem::canonical(path, error);
            if (!error && !path.empty())
                static_cast<std::vector<std::string>*>(to)->push_back(real.filename().string());
            return 0;
        },
        &names);
    return names;
}

int version(const Arguments& arguments, Terminal& terminal) {
    if (!arguments.words().empty()) throw UsageError("takes no words", "");
    const abi::Descriptor& build = host_build();
    const std::string abi = std::to_string(build.abi_major) + "." + std::to_string(build.abi_minor);
    if (!arguments.has("--json")) {
        terminal.out << "cairn " << build.version << "\nplugin ABI " << abi << "\ncompiler " << build.compiler << ", "
                     << standard_library_name(build) << "\nsanitizer " << sanitizer_name(build) << "\nlibraries";
        for (const std::string& name : mapped_libraries()) terminal.out << " " << name;
        terminal.out << "\n";
        return exit_code::kOk;
    }
    Document libraries = Document::list();
    for (const std::string& name : mapped_libraries()) libraries.push(name);
    const Document answer{{"version", build.version},           {"abi", abi},
                          {"compiler", build.compiler},         {"standard_library", standard_library_name(build)},
                          {"sanitizer", sanitizer_name(build)}, {"libraries", libraries}};
    terminal.out << answer.to_json() << "\n";
    return exit_code::kOk;
}

}  // namespace

Command version_command() {
    return {"version",
            "[--json]",
            "says what this program is and was built with",
            "The plugin ABI is what plugins must fit; the libraries are those mapped into this process.\n\n"
            "Example:\n  cairn version --json\n",
            {{"--json", false, "", false}},
            version};
}

}  // namespace cairn::core
