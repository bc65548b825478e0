#include "core/app/backup_session.hpp"

#include <cstdio>
#include <filesystem>

#include "core/backup/control_box.hpp"
#include "core/config/configuration.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

constexpr Duration kTakenWithin{30000};

std::string with_unit(double value, const char* unit) {
    char text[40];
    const int length = std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
    return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

StoreKit store_kit(OfflineStore& offline, const Preparation& preparation) {
    StoreKit kit;
    kit.store = &offline.store();
    kit.tables = offline.tables();
    kit.migrations = offline.migrations();
    kit.audited = preparation.host.durability.audit;
    kit.data_dir = offline.data_dir();
    kit.journal_folder = offline.journal_folder();
    kit.backup_folder = offline.backup_folder();
    kit.server = preparation.host.name;
    kit.program = host_build().version;
    kit.clock = &offline.clock();
    kit.log = &core_log();
    return kit;
}

std::string data_folder(const Preparation& preparation) {
    return std::filesystem::absolute(preparation.host.data_dir).lexically_normal().string();
}

std::unique_ptr<Preparation> prepare_or_say(const Arguments& arguments, Terminal& terminal, bool more_words) {
    auto preparation = prepare(configuration_inputs(arguments, 0, more_words));
    quiet_log(terminal);
    if (preparation->ok()) return preparation;
    print_problems(*preparation, terminal.err, terminal.err_colour);
    return nullptr;
}

Document in_server_or_alone(Preparation& preparation, const Document& request, Duration at_most,
                            const std::function<Document(const StoreKit&)>& alone) {
    const std::string folder = data_folder(preparation);
    must_have_data(preparation);
    if (data_holder(folder)) return ask_server(folder, request, kTakenWithin, at_most);
    OfflineStore offline(preparation);
    return alone(store_kit(offline, preparation));
}

Duration patience(const Arguments& arguments) {
    if (!arguments.has("--wait")) return Duration(3600 * 1000);
    const std::string text = arguments.value("--wait");
    const std::optional<Duration> wait = parse_duration(text);
    if (!wait) throw UsageError("--wait " + text + " is not a duration", "For example --wait 10m.");
    return *wait;
}

std::string print_size(std::int64_t bytes) {
    double value = static_cast<double>(bytes);
    const char* unit = "B";
    for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1024) break;
        value /= 1024;
        unit = larger;
    }
    return with_unit(value, unit);
}

std::string print_age(WallTime milliseconds) {
    const double seconds = static_cast<double>(milliseconds) / 1000;
    if (seconds < 0) return "in the future";
    if (seconds < 120) return with_unit(seconds, "s");
    if (seconds < 7200) return with_unit(seconds / 60, "min");
    if (seconds < 172800) return with_unit(seconds / 3600, "h");
    return with_unit(seconds / 86400, "d");
}

}  // namespace cairn::core
