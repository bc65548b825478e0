#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

#include "core/app/command.hpp"
#include "core/app/host.hpp"
#include "core/app/preparation.hpp"
#include "core/app/signal_watch.hpp"
#include "core/observe/crash_handler.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

void configure_log(const LogConfig& config, bool colour) {
    LogSink::Options options;
    const std::vector<std::string> levels{"trace", "debug", "info", "warning", "error"};
    for (std::size_t i = 0; i < levels.size(); ++i) {
        if (levels[i] == config.level) options.level = static_cast<LogLevel>(i);
    }
    options.format = config.format == "json" ? LogSink::Format::json : LogSink::Format::text;
    options.colour = colour && config.file.empty();
    options.file = config.file;
    LogSink::instance().configure(options);
}

/// Memory holds keys and chats: no core dump, no debugger of another user, unless this is for development.
void keep_memory_private() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void raise_descriptor_limit(std::int64_t connections) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    constexpr std::int64_t kOthers = 256;  // files, epoll, lanes
    if (limit.rlim_cur == RLIM_INFINITY || static_cast<std::int64_t>(limit.rlim_cur) >= connections + kOthers) return;
    core_log().warning("this process may open fewer descriptors than server.max_connections needs",
                       {{"limit", limit.rlim_cur}, {"max_connections", connections}, {"cure", "raise it: ulimit -n"}});
}

int run(const Arguments& arguments, Terminal& terminal) {
    const ConfigInputs inputs = configuration_inputs(arguments);
    SignalWatch::block();
    install_crash_handler();
    const auto preparation = prepare(inputs);
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    configure_log(preparation->host.log, terminal.err_colour);
    // Sanitizers look into their own process as a debugger does.
    if (preparation->host.profile == "production" && host_build().sanitizer == 0) keep_memory_private();
    raise_descriptor_limit(preparation->host.server.max_connections);

    SignalWatch signals(
        [] { core_log().info("SIGHUP: reload is reserved and does nothing yet; restart to change settings"); });
    signals.set_impatient(true);
    int code = exit_code::kOk;
    Host host(*preparation, signals);
    try {
        host.start();
        signals.set_impatient(false);
        host.print_welcome(terminal.out);
        signals.wait();
        host.drain();
    } catch (const StartFailed& failure) {
        LogSink::instance().flush();
        if (!signals.ending()) code = exit_code::kProblems;
        terminal.err << "cairn run: " << failure.what() << "\n";
        if (!failure.cure().empty()) terminal.err << "    " << failure.cure() << "\n";
        terminal.err.flush();
    }
    host.stop();
    if (host.failed()) code = exit_code::kRestart;
    if (!host.leaks().empty()) {
        // Threads of plugins may still run: nothing that they could touch is destroyed.
        terminal.out.flush();
        terminal.err.flush();
        std::_Exit(code);
    }
    return code;
}

}  // namespace

Command run_command() {
    return {"run",
            "FILE [-c FILE]… [--set KEY=VALUE]…",
            "starts what a configuration describes, in the foreground",
            "Checks everything first, as `check` does, then starts and prints where to go. SIGTERM or Ctrl+C drains: "
            "players\n"
            "are told and have server.shutdown.drain to leave; once more skips that. Exit code 0: ended as asked, 1: not "
            "started,\n"
            "75: the store or the journal failed; started again, the server recovers.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n\n"
            "Examples:\n"
            "  cairn run config/metaverse.yaml\n"
            "  cairn run config/metaverse.yaml --set plugins.gateway.listen=0.0.0.0:9000 --set data_dir=/tmp/world\n",
            configuration_options(),
            run};
}

}  // namespace cairn::core
