// Random bytes as a configuration: read, checked against a struct with a member of every kind, and its problems
// printed. What stands behind a byte 0x01 is given as an override on the command line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "core/config/configuration.hpp"
#include "tests/sdk/every_kind.hpp"

namespace {

using cairn::core::ConfigSource;

void must_hold(bool condition) {
    if (!condition) std::abort();
}

void marks_are_inside(const cairn::Document& node, const std::vector<ConfigSource>& sources) {
    const cairn::Mark& mark = node.mark();
    if (mark.line != 0) {
        must_hold(mark.file < sources.size());
        must_hold(mark.line <= sources[mark.file].lines.size() + 1);
    }
    for (const cairn::Document& item : node.items()) marks_are_inside(item, sources);
    for (const cairn::Document::Member& member : node.members()) marks_are_inside(member.value, sources);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t split = all.find('\x01');
    cairn::core::ConfigInputs inputs;
    inputs.environment = [](const std::string& name) {
        return name == "X" ? std::optional<std::string>("7") : std::nullopt;
    };
    if (split != std::string_view::npos) inputs.overrides.emplace_back(all.substr(split + 1));

    cairn::core::ProblemReport report;
    const auto configuration = cairn::core::Configuration::read_text("fuzz.yaml", all.substr(0, split), inputs, report);
    must_hold(configuration->root().is_map());
    marks_are_inside(configuration->root(), configuration->sources());

    cairn::every_kind::Everything everything;
    cairn::core::check_and_fill(cairn::struct_type<cairn::every_kind::Everything>(), configuration->root(), "",
                                &everything, report);
    std::ostringstream printed;
    report.print(printed, false);
    must_hold(report.empty() == printed.str().empty());
    must_hold(!report.to_document().to_json().empty());
    return 0;
}
