#include "core/app/running_server.hpp"

#include <filesystem>
#include <memory>

#include "core/app/host_config.hpp"
#include "core/app/preparation.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {

std::string data_dir_of(const Arguments& arguments, Terminal& terminal) {
    ProblemReport report;
    const std::unique_ptr<Configuration> configuration = Configuration::read(configuration_inputs(arguments), report);
    const Document* const written = configuration->at("data_dir");
    std::string folder;
    if (written != nullptr && written->is_text() && !written->text().empty()) {
        folder = written->text();
    } else if (report.empty()) {
        folder = HostConfig{}.data_dir;
    } else {
        report.print(terminal.err, terminal.err_colour);
        return {};
    }
    return std::filesystem::absolute(folder).lexically_normal().string();
}

}  // namespace cairn::core
